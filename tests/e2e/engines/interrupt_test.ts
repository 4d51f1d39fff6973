import { assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import type { RunningEscp } from "../../support/escp_command.ts";
import { turn, untilBegun, writeLargeFile } from "../../support/interruptions.ts";
import {
  commandOf,
  descendantsOf,
  isRunning,
  killProcess,
  type ProcessId,
  waitForNoProcess,
} from "../../support/processes.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../../support/scene.ts";
import { temporaryFiles } from "../../support/temporary_files.ts";

const LARGE_BYTES = 48 << 20;
/** Kilobits a second: four seconds, in which it can be interrupted on any machine. */
const SLOW = ["-l", "100000"];

describeWithScene("a copy with --no-resume that is interrupted leaves nothing half done", (scene) => {
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

  /** What must hold on both sides, however it ended. */
  async function assertClean(to: string, running: RunningEscp): Promise<void> {
    const { leftBehind } = await running.result;
    assertEquals(await leftBehind(), []);
    await scene.sshd.waitForNoSession();
    assertEquals(temporaryFiles(to), []);
    assertEquals(await Deno.readTextFile(`${to}/large`), "old");
  }

  for (const variant of VARIANTS) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      it(`by ${signal}: ${variantName(variant)}`, async () => {
        const { running, to } = await begin(variant);
        await using _ = running;
        running.kill(signal);
        const { code, stderr } = await running.result;
        assertEquals(code, 130, stderr);
        assertMatch(stderr, /^escp: Interrupted\n$/);
        await assertClean(to, running);
      });
    }

    it(`by Ctrl-C, which a terminal sends to everyone: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      const others = await children(running.pid);
      // The client first: a terminal signals all at once, and the end of ssh must not be what it hears of before.
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

    it(`by a second Ctrl-C leaves at once, whoever does not answer: ${variantName(variant)}`, async () => {
      const { running } = await begin(variant);
      await using _ = running;
      const others = await children(running.pid);
      // What cannot hear of the end would be waited for, and killed after some seconds.
      for (const { pid } of others) Deno.kill(pid, "SIGSTOP");
      while (await isRunning(running.pid)) {
        interrupt(running);
        await turn();
      }
      const left = [];
      for (const other of others) if (await isRunning(other)) left.push(other);
      assertEquals(left, others);
      for (const { pid } of others) Deno.kill(pid, "SIGCONT");
      const { code, stderr, leftBehind } = await running.result;
      assertEquals(code, 130, stderr);
      await waitForNoProcess(leftBehind, 10_000);
      await scene.sshd.waitForNoSession(10_000);
    });

    it(`by the end of what leads to the other side: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      for (const child of await children(running.pid)) await killProcess(child);
      const { code, stderr } = await running.result;
      assertEquals(code, 1, stderr);
      // Without ssh it was the other end itself that was killed: nobody could clean up, and its streams broke as well.
      if (variant.direction === "local") return assertMatch(stderr, /^escp: Cannot continue: /m);
      assertMatch(stderr, /^escp: Cannot continue: the session with testhost was lost .*SIGKILL/m);
      await assertClean(to, running);
    });
  }

  for (const variant of VARIANTS.filter(({ direction }) => direction !== "pull")) {
    it(`by the sudden end of the client: ${variantName(variant)}`, async () => {
      const { running, to } = await begin(variant);
      await using _ = running;
      running.kill("SIGKILL");
      await scene.sshd.waitForNoSession(10_000);
      await running.result;
      const deadline = performance.now() + 5000;
      while (temporaryFiles(to).length > 0 && performance.now() < deadline) await turn();
      await assertClean(to, running);
    });
  }
});

function interrupt(running: RunningEscp): void {
  try {
    running.kill("SIGINT");
  } catch (error) {
    // It has ended just now.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** The process that the client started itself. */
async function children(pid: number): Promise<ProcessId[]> {
  const found: ProcessId[] = [];
  for (const process of await descendantsOf(pid)) {
    if (/^\S*ssh |--receiver/.test(await commandOf(process))) found.push(process);
  }
  return found;
}
