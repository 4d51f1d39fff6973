import { assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import type { RunningEscp } from "../../../support/escp/escp_command.ts";
import { interruptUntilExit, turn, untilBegun, writeLargeFile } from "../../../support/escp/interruptions.ts";
import {
  commandOf,
  descendantsOf,
  isRunning,
  killProcess,
  type ProcessId,
  waitForNoProcess,
} from "../../../support/processes.ts";
import { describeWithScene, ENGINES, type Variant, variantName, VARIANTS, variantsOf } from "../../../support/scene.ts";
import { temporaryFiles } from "../../../support/escp/temporary_files.ts";

const LARGE_BYTES = 48 << 20;
/** Kilobits per second: the copy would take 24 seconds, so that it never ends before it is interrupted. */
const SLOW = ["-l", "16000"];

describeWithScene("an interrupted copy with --no-resume", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "small": "small" });
    await writeLargeFile(`${source}/large`, LARGE_BYTES);
  });

  /** Starts a copy and returns when its large file has begun. */
  async function begin(variant: Variant): Promise<{ running: RunningEscp; to: string }> {
    const to = await scene.tree({ "large": "old" });
    const running = await scene.start(variant, {
      flags: ["-r", "--no-resume", ...SLOW],
      sources: [`${source}/.`],
      target: to,
    });
    await untilBegun(to, running);
    return { running, to };
  }

  /** Checks that no process and no temporary file is left, and that the old file is. */
  async function assertClean(to: string, running: RunningEscp): Promise<void> {
    const { leftBehind } = await running.result;
    assertEquals(await leftBehind(), []);
    await scene.sshd.waitForNoSession();
    assertEquals(temporaryFiles(to), []);
    assertEquals(await Deno.readTextFile(`${to}/large`), "old");
  }

  for (const variant of VARIANTS) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      it(`leaves nothing after ${signal}: ${variantName(variant)}`, async () => {
        const { running, to } = await begin(variant);
        await using _ = running;
        running.kill(signal);
        const { code, stderr } = await running.result;
        assertEquals(code, 130, stderr);
        assertMatch(stderr, /^escp: Interrupted\n$/);
        await assertClean(to, running);
      });
    }

    it(`leaves nothing after Ctrl-C in a terminal, which signals all processes: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      const others = await children(running.pid);
      // The client first: a terminal signals all at the same time, but the client must not see the exit of ssh earlier.
      running.kill("SIGINT");
      for (const { pid } of others) {
        try {
          Deno.kill(pid, "SIGINT");
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
      const { code, stderr } = await running.result;
      assertEquals(code, 130, stderr);
      await assertClean(to, running);
    });

    it(`exits at once after a second Ctrl-C, even if no peer answers: ${variantName(variant)}`, async () => {
      const { running } = await begin(variant);
      await using _ = running;
      const others = await children(running.pid);
      // The client would wait for stopped processes, and kill them after some seconds.
      for (const { pid } of others) Deno.kill(pid, "SIGSTOP");
      await interruptUntilExit(running);
      const left = [];
      for (const other of others) if (isRunning(other)) left.push(other);
      assertEquals(left, others);
      for (const { pid } of others) Deno.kill(pid, "SIGCONT");
      const { code, stderr, leftBehind } = await running.result;
      assertEquals(code, 130, stderr);
      await waitForNoProcess(leftBehind);
      await scene.sshd.waitForNoSession();
    });

    it(`leaves nothing after its ssh is killed: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      for (const child of await children(running.pid)) killProcess(child);
      const { code, stderr } = await running.result;
      assertEquals(code, 1, stderr);
      // A local copy has no ssh: this killed the receiver, which could not clean up.
      if (variant.direction === "local") return assertMatch(stderr, /^escp: Cannot continue: /m);
      assertMatch(stderr, /^escp: Cannot continue: the session with testhost was lost .*SIGKILL/m);
      await assertClean(to, running);
    });
  }

  // Each engine in both directions, because a run of the compiled binary tests the directions of `VARIANTS` that this test lacks.
  for (const variant of ENGINES.flatMap(variantsOf).filter(({ direction }) => direction !== "pull")) {
    it(`leaves nothing after the client is killed: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      running.kill("SIGKILL");
      await scene.sshd.waitForNoSession();
      const { leftBehind } = await running.result;
      // The orphaned ssh ends with the session.
      if (variant.direction === "push") await waitForNoProcess(leftBehind);
      const deadline = performance.now() + 5000;
      while (temporaryFiles(to).length > 0 && performance.now() < deadline) await turn();
      await assertClean(to, running);
    });
  }
});

/** Returns the ssh or the receiver that the client started. */
async function children(pid: number): Promise<ProcessId[]> {
  const found: ProcessId[] = [];
  for (const process of await descendantsOf(pid)) {
    if (/^\S*ssh |--receiver/.test(commandOf(process))) found.push(process);
  }
  return found;
}
