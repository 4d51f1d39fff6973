import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { beforeAll, it } from "@std/testing/bdd";
import { type RunningEscp, useAsEscp } from "../../support/escp/escp_command.ts";
import { failingDiskProblem, mountFailingDisk } from "../../support/files/failing_disk.ts";
import { interruptUntilExit, untilBegun } from "../../support/escp/interruptions.ts";
import { descendantsOf, isRunning, waitForExit, waitForNoProcess } from "../../support/processes.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName } from "../../support/scene.ts";
import { withDeadline } from "../../../src/async/settle_within.ts";
import { busyEscp, GONE_MS, MIB, SLOW, STOPPED_MS, untilBlocked, untilGuarded } from "./stuck_escp.ts";

describeWithScene("a client whose main thread is stuck", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": new Uint8Array(16 * MIB) });
  });

  it("does not keep its busy local receiver after it was killed", async () => {
    const { running } = await withBusyClient({ direction: "local", engine: "native", streams: 4 });
    await using _ = running;
    const others = await descendantsOf(running.pid);
    assert(others.length > 0);
    running.kill("SIGKILL");
    for (const other of others) await waitForExit(other, GONE_MS);
  });

  for (const variant of rotatingVariants(1)) {
    it(`exits on SIGTERM while it is busy: ${variantName(variant)}`, async () => {
      const { running } = await withBusyClient(variant);
      await using _ = running;
      running.kill("SIGTERM");
      await waitForExit(running.pid, STOPPED_MS);
      const { code, leftBehind } = await running.result;
      assertEquals(code, 130);
      await waitForNoProcess(leftBehind, GONE_MS);
      await scene.sshd.waitForNoSession(GONE_MS);
    });

    it(`exits on a second Ctrl-C while it is busy: ${variantName(variant)}`, async () => {
      const { running } = await withBusyClient(variant);
      await using _ = running;
      running.kill("SIGINT");
      await delay(100);
      assert(isRunning(running.pid));
      // A busy client that was interrupted once never exits.
      await interruptUntilExit(running);
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
    await untilGuarded(running.pid);
    await makeBusy(running);
    return { running };
  }

  const STOPS: [name: string, stop: (running: RunningEscp) => Promise<void> | void][] = [
    ["SIGTERM", (running) => running.kill("SIGTERM")],
    ["a second Ctrl-C", interruptUntilExit],
  ];
  for (const [name, stop] of STOPS) {
    it(`exits on ${name} while it is blocked in its first access to the target: pull`, {
      ignore: failingDiskProblem !== undefined,
    }, async () => {
      const disk = await mountFailingDisk({ errno: "EIO" });
      await disk.hang();
      const variant: Variant = { direction: "pull", engine: "native", streams: 1 };
      await using running = await scene.start(variant, { sources: [`${source}/large`], target: disk.path });
      await using _ = disk;
      await untilBlocked(running.pid);
      await stopWith(running, stop);
    });

    for (const direction of ["push", "local"] as const) {
      it(`exits on ${name} while it is blocked in its first access to the source: ${direction}`, {
        ignore: failingDiskProblem !== undefined,
      }, async () => {
        const disk = await mountFailingDisk({ errno: "EIO" });
        await Deno.writeTextFile(`${disk.path}/file`, "x");
        await disk.hang();
        const variant: Variant = { direction, engine: "native", streams: 1 };
        const copy = { sources: [`${disk.path}/file`], target: source };
        await using running = await scene.start(variant, copy);
        // Disposed of first, because the disk may block the process.
        await using _ = disk;
        await untilBlocked(running.pid);
        await stopWith(running, stop);
      });

      it(`exits on ${name} while it is blocked in a read of the source: ${direction}`, {
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
        await untilGuarded(running.pid);
        await disk.hang();
        await untilBlocked(running.pid);
        await stopWith(running, stop);
      });
    }
  }

  async function stopWith(running: RunningEscp, stop: typeof STOPS[number][1]): Promise<void> {
    await stop(running);
    await waitForExit(running.pid, STOPPED_MS);
    const { code } = await withDeadline(
      GONE_MS,
      running.result,
      () => new Error("a thread of the client does not end"),
    );
    assertEquals(code, 130);
    await scene.sshd.waitForNoSession(GONE_MS);
  }
});
