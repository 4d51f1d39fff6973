import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { beforeAll, it } from "@std/testing/bdd";
import type { RunningEscp } from "../support/escp/escp_command.ts";
import { untilBegun } from "../support/escp/interruptions.ts";
import { listNames } from "../support/files/list_names.ts";
import { commandOf, descendantsOf, receiversOf } from "../support/processes.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName } from "../support/scene.ts";
import { writeScript } from "../support/shell_script.ts";

/** Timeout of both ends, in seconds. Leaves time for a login on a busy machine. */
const TIMEOUT = 4;
/** At this rate the copy does not finish before the timeout. */
const FLAGS = ["--timeout", `${TIMEOUT}`, "-l", "8000", "--retries", "0"];
const MIB = 1 << 20;

describeWithScene("an end that becomes silent", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": new Uint8Array(16 * MIB) });
  });

  async function begin(variant: Variant): Promise<{ running: RunningEscp; to: string }> {
    const to = await scene.tree();
    const running = await scene.start(variant, { flags: FLAGS, sources: [`${source}/large`], target: `${to}/` });
    await untilBegun(to, running);
    return { running, to };
  }

  /** Stops the remote ends, until disposed. */
  async function stopReceivers(): Promise<Disposable> {
    const stopped = await receiversOf(scene.sshd);
    assert(stopped.length > 0);
    for (const { pid } of stopped) Deno.kill(pid, "SIGSTOP");
    return {
      [Symbol.dispose]() {
        for (const { pid } of stopped) Deno.kill(pid, "SIGCONT");
      },
    };
  }

  /** Waits until the client has reported the silence of its peer and exited, and no process is left. */
  async function endsWithReason({ result }: RunningEscp): Promise<void> {
    const { code, stderr, leftBehind } = await result;
    assertEquals(code, 1, stderr);
    const reason = `escp: Cannot continue: the session with testhost was lost (no message for ${TIMEOUT} s)`;
    assert(stderr.split("\n").some((line) => line.startsWith(reason)), stderr);
    assertEquals(await leftBehind(), []);
  }

  for (const variant of rotatingVariants(0).filter(({ direction }) => direction !== "local")) {
    it(`ends the copy: a stopped remote escp: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      {
        using _ = await stopReceivers();
        await endsWithReason(running);
      }
      await scene.sshd.waitForNoSession(20_000);
      assert(!listNames(to).includes("large"));
    });

    it(`ends the copy: a stopped ssh: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      {
        // Otherwise the remote end, which has the same timeout, might close the data connections first.
        using _ = await stopReceivers();
        for (const process of await descendantsOf(running.pid)) {
          // A stopped ssh does not react to SIGTERM.
          if (/^\S*ssh /.test(await commandOf(process))) Deno.kill(process.pid, "SIGSTOP");
        }
        await endsWithReason(running);
      }
      await scene.sshd.waitForNoSession(20_000);
      assert(!listNames(to).includes("large"));
    });

    it(`ends the copy: a stopped client: ${variantName(variant)}`, async () => {
      const { running } = await begin(variant);
      await using _ = running;
      running.kill("SIGSTOP");
      try {
        await scene.sshd.waitForNoSession(20_000);
      } finally {
        running.kill("SIGCONT");
      }
      assertEquals((await running.result).code, 1);
    });
  }

  it("does not end the copy if it waits for standard input", async () => {
    const to = await scene.tree();
    const [variant] = rotatingVariants(0);
    const copy = {
      flags: ["--timeout", `${TIMEOUT}`],
      sources: ["-"],
      target: `${to}/input`,
      stdin: "piped" as const,
    };
    const running = await scene.start(variant, copy);
    await using _ = running;
    const input = running.child.stdin.getWriter();
    await input.write(new TextEncoder().encode("begin, "));
    await delay(TIMEOUT * 2_000);
    await input.write(new TextEncoder().encode("end"));
    await input.close();
    input.releaseLock();
    const { code, stderr } = await running.result;
    assertEquals(code, 0, stderr);
    assertEquals(await Deno.readTextFile(`${to}/input`), "begin, end");
  });

  it("ends the copy: a remote escp that never sends a hello", async () => {
    const program = await writeScript(`${scene.sshd.binDirectory}/hangs`, "exec cat >/dev/null");
    const [variant] = rotatingVariants(0);
    const flags = ["-B", "--timeout", "1", "-D", program];
    const { code, stderr, leftBehind } = await scene.copy(variant, {
      flags,
      sources: [`${source}/large`],
      target: "x",
    });
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /^escp: Cannot start escp on testhost: it did not send a hello within 1 s\n/m);
    assertEquals(await leftBehind(), []);
    await scene.sshd.waitForNoSession();
  });
});
