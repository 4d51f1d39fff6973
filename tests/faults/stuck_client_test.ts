import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { beforeAll, it } from "@std/testing/bdd";
import { type RunningEscp, useAsEscp } from "../support/escp/escp_command.ts";
import { failingDiskProblem, mountFailingDisk } from "../support/files/failing_disk.ts";
import { untilBegun } from "../support/escp/interruptions.ts";
import { descendantsOf, isRunning, waitForExit, waitForNoProcess } from "../support/processes.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName } from "../support/scene.ts";
import { AT_ONCE_MS, busyEscp, GONE_MS, GUARDED_MS, MIB, SLOW, STOPPED_MS, untilBlocked } from "./stuck_escp.ts";

describeWithScene("a client whose main thread is stuck", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": new Uint8Array(16 * MIB) });
  });

  it("a busy local receiver exits after its client", async () => {
    const { running } = await withBusyClient({ direction: "local", engine: "native", streams: 4 });
    await using _ = running;
    const others = await descendantsOf(running.pid);
    assert(others.length > 0);
    running.kill("SIGKILL");
    for (const other of others) await waitForExit(other, GONE_MS);
  });

  for (const variant of rotatingVariants(1)) {
    it(`a busy client exits on SIGTERM: ${variantName(variant)}`, async () => {
      const { running } = await withBusyClient(variant);
      await using _ = running;
      running.kill("SIGTERM");
      await waitForExit(running.pid, STOPPED_MS);
      const { code, leftBehind } = await running.result;
      assertEquals(code, 130);
      await waitForNoProcess(leftBehind, GONE_MS);
      await scene.sshd.waitForNoSession(GONE_MS);
    });

    it(`a busy client exits at once on a second Ctrl-C: ${variantName(variant)}`, async () => {
      const { running } = await withBusyClient(variant);
      await using _ = running;
      running.kill("SIGINT");
      await delay(100);
      assert(await isRunning(running.pid));
      running.kill("SIGINT");
      await waitForExit(running.pid, AT_ONCE_MS);
      assertEquals((await running.result).code, 130);
      await scene.sshd.waitForNoSession(GONE_MS);
    });
  }

  /** Starts a slow copy and makes its client busy, or both ends of a local copy. */
  async function withBusyClient(variant: Variant): Promise<{ running: RunningEscp }> {
    const { path, makeBusy } = await busyEscp(scene);
    const to = await scene.tree();
    using _ = useAsEscp(path);
    const running = await scene.start(variant, { flags: SLOW, sources: [`${source}/large`], target: `${to}/` });
    await untilBegun(to, running);
    await delay(GUARDED_MS);
    await makeBusy(running);
    return { running };
  }

  const STOPS: [name: string, signals: Deno.Signal[]][] = [["SIGTERM", ["SIGTERM"]], ["a second Ctrl-C", [
    "SIGINT",
    "SIGINT",
  ]]];
  for (const [name, signals] of STOPS) {
    for (const direction of ["push", "local"] as const) {
      it(`a client that is blocked in its first access to the source exits on ${name}: ${direction}`, {
        ignore: failingDiskProblem !== undefined,
      }, async () => {
        const disk = await mountFailingDisk({ errno: "EIO" });
        await Deno.writeTextFile(`${disk.path}/file`, "x");
        disk.hang();
        const variant: Variant = { direction, engine: "native", streams: 1 };
        const copy = { sources: [`${disk.path}/file`], target: source };
        await using running = await scene.start(variant, copy);
        // Disposed of first, because the disk may block the process.
        await using _ = disk;
        await untilBlocked(running.pid);
        await stopWith(running, signals);
      });

      it(`a client that is blocked while it reads the source exits on ${name}: ${direction}`, {
        ignore: failingDiskProblem !== undefined,
      }, async () => {
        const disk = await mountFailingDisk({ errno: "EIO" });
        await Deno.writeFile(`${disk.path}/large`, new Uint8Array(16 * MIB));
        const to = await scene.tree();
        const variant: Variant = { direction, engine: "native", streams: 1 };
        const copy = { flags: SLOW, sources: [`${disk.path}/large`], target: `${to}/` };
        await using running = await scene.start(variant, copy);
        await using _ = disk;
        await untilBegun(to, running);
        await delay(GUARDED_MS);
        disk.hang();
        await untilBlocked(running.pid);
        await stopWith(running, signals);
      });
    }
  }

  async function stopWith(running: RunningEscp, signals: readonly Deno.Signal[]): Promise<void> {
    for (const [index, signal] of signals.entries()) {
      // Two pending signals of one kind are delivered as one.
      if (index > 0) await delay(100);
      try {
        running.kill(signal);
      } catch {
        // The first signal has ended the client.
      }
    }
    await waitForExit(running.pid, STOPPED_MS);
    assertEquals((await running.result).code, 130);
    await scene.sshd.waitForNoSession(GONE_MS);
  }
});
