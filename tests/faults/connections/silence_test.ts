import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { beforeAll, it } from "@std/testing/bdd";
import type { RunningEscp } from "../../support/escp/escp_command.ts";
import { despiteStalls } from "../../support/escp/despite_stalls.ts";
import { untilBegun } from "../../support/escp/interruptions.ts";
import { listNames } from "../../support/files/list_names.ts";
import { eachAtOnce } from "../../support/each_at_once.ts";
import { commandOf, descendantsOf, isRunning, receiversOf } from "../../support/processes.ts";
import { describeWithScene, rotatingVariants, variantName } from "../../support/scene.ts";
import { writeScript } from "../../support/shell_script.ts";

/** Timeout of both ends, in seconds. Leaves time for a login on a busy machine. */
const TIMEOUT = 4;
/** At this rate the copy does not finish before the timeout. */
const FLAGS = ["--timeout", `${TIMEOUT}`, "-l", "8000", "--retries", "0"];
const MIB = 1 << 20;

interface StartedCopy {
  name: string;
  running: RunningEscp;
  to: string;
}

const nameOf = ({ name }: StartedCopy) => name;

describeWithScene("an end that becomes silent", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": new Uint8Array(16 * MIB) });
  });

  /** Starts a push and a pull: the test waits for both at the same time. */
  async function begin(): Promise<AsyncDisposable & { copies: StartedCopy[] }> {
    await using started = new AsyncDisposableStack();
    const copies: StartedCopy[] = [];
    for (const variant of rotatingVariants(0).filter(({ direction }) => direction !== "local")) {
      const to = await scene.tree();
      const copy = { flags: FLAGS, sources: [`${source}/large`], target: `${to}/` };
      const running = started.use(await scene.start(variant, copy));
      await untilBegun(to, running);
      copies.push({ name: variantName(variant), running, to });
    }
    const owned = started.move();
    return { copies, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }

  /** Stops the remote ends of both copies, until disposed. */
  async function stopReceivers(): Promise<Disposable> {
    const stopped = await receiversOf(scene.sshd);
    assertEquals(stopped.length, 2);
    for (const { pid } of stopped) Deno.kill(pid, "SIGSTOP");
    return {
      [Symbol.dispose]() {
        for (const { pid } of stopped) Deno.kill(pid, "SIGCONT");
      },
    };
  }

  /** Waits until the client has reported the silence of its peer and exited, and no process is left. */
  async function endsWithReason({ running: { result } }: StartedCopy): Promise<void> {
    const { code, stderr, leftBehind } = await result;
    assertEquals(code, 1, stderr);
    const reason = `escp: Cannot continue: the session with testhost was lost (no message for ${TIMEOUT} s)`;
    assert(stderr.split("\n").some((line) => line.startsWith(reason)), stderr);
    assertEquals(await leftBehind(), []);
  }

  it("ends a push and a pull if the remote escp is stopped", async () => {
    await using begun = await begin();
    {
      using _ = await stopReceivers();
      await eachAtOnce(begun.copies, nameOf, endsWithReason);
    }
    await scene.sshd.waitForNoSession(20_000);
    for (const { to } of begun.copies) assert(!listNames(to).includes("large"));
  });

  it("ends a push and a pull if ssh is stopped", async () => {
    await using begun = await begin();
    {
      // Otherwise the remote end, which has the same timeout, might close the data connections first.
      using _ = await stopReceivers();
      for (const { running } of begun.copies) {
        for (const process of await descendantsOf(running.pid)) {
          // A stopped ssh does not react to SIGTERM.
          if (/^\S*ssh /.test(commandOf(process))) Deno.kill(process.pid, "SIGSTOP");
        }
      }
      await eachAtOnce(begun.copies, nameOf, endsWithReason);
    }
    await scene.sshd.waitForNoSession(20_000);
    for (const { to } of begun.copies) assert(!listNames(to).includes("large"));
  });

  it("ends the remote ends of a push and a pull if the client is stopped", async () => {
    await using begun = await begin();
    for (const { running } of begun.copies) running.kill("SIGSTOP");
    try {
      await scene.sshd.waitForNoSession(20_000);
    } finally {
      for (const { running } of begun.copies) running.kill("SIGCONT");
    }
    await eachAtOnce(begun.copies, nameOf, async ({ running }) => assertEquals((await running.result).code, 1));
  });

  it("does not end the copy if it waits for standard input", async () => {
    const [variant] = rotatingVariants(0);
    await despiteStalls(async () => {
      const to = await scene.tree();
      const copy = {
        flags: ["--timeout", `${TIMEOUT}`],
        sources: ["-"],
        target: `${to}/input`,
        stdin: "piped" as const,
      };
      await using running = await scene.start(variant, copy);
      const input = running.child.stdin.getWriter();
      await input.write(new TextEncoder().encode("begin, "));
      await delay(TIMEOUT * 1_500);
      assert(isRunning(running.pid), running.printed.stderr);
      await input.write(new TextEncoder().encode("end"));
      await input.close();
      input.releaseLock();
      const { code, stderr } = await running.result;
      assertEquals(code, 0, stderr);
      assertEquals(await Deno.readTextFile(`${to}/input`), "begin, end");
    });
  });

  it("ends the copy if the remote escp never sends a hello", async () => {
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
