import { assert, assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { escpCommand, type RunningEscp, startEscp } from "../../support/escp/escp_command.ts";
import { makeFifo } from "../../support/files/fifo.ts";
import { commandOf, descendantsOf, isRunning, type ProcessId } from "../../support/processes.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName } from "../../support/scene.ts";
import { untilGuarded } from "./stuck_escp.ts";

const BYTES = 3 << 20;

describeWithScene("a signal", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": { size: BYTES } });
  });

  /**
   * Starts a copy from a shell that ignores signals, as nohup and background jobs of scripts do. The copy waits for a reader of
   * its target, a FIFO.
   */
  async function begin(variant: Variant, ignored: string[]): Promise<{ running: RunningEscp; fifo: string }> {
    const fifo = `${await scene.tree()}/fifo`;
    makeFifo(fifo);
    const traps = ignored.map((signal) => `trap '' ${signal.slice(3)}; `).join("");
    const command = ["sh", "-c", `${traps}exec "$@"`, "sh", ...escpCommand()];
    const copy = { flags: ["--retries", "0"], sources: [`${source}/large`], target: fifo };
    const running = await startEscp(scene.args(variant, copy), { command });
    await running.waitForText("stderr", /waiting for a reader/);
    await untilGuarded(running.pid);
    return { running, fifo };
  }

  /** Returns escp and its descendants: a terminal signals all of them. */
  async function group(running: RunningEscp): Promise<ProcessId[]> {
    return [{ pid: running.pid, startTime: "" }, ...await descendantsOf(running.pid)];
  }

  const CASES: [name: string, ignored: Deno.Signal[]][] = [
    ["SIGHUP, as under nohup", ["SIGHUP"]],
    ["SIGINT and SIGQUIT, as in the background of a script", ["SIGINT", "SIGQUIT"]],
  ];
  for (const [index, [name, ignored]] of CASES.entries()) {
    for (const variant of rotatingVariants(index)) {
      it(`that was ignored when escp was started stays ignored: ${name}: ${variantName(variant)}`, async () => {
        const { running, fifo } = await begin(variant, ignored);
        await using _ = running;
        const processes = await group(running);
        assert(processes.length > 1);
        for (const { pid } of processes) for (const signal of ignored) Deno.kill(pid, signal);
        assertEquals((await Deno.readFile(fifo)).length, BYTES);
        const { code, stderr } = await running.result;
        assertEquals(code, 0, stderr);
      });

      it(`that was ignored when escp was started does not disable SIGTERM: ${name}: ${variantName(variant)}`, async () => {
        const { running } = await begin(variant, ignored);
        await using _ = running;
        running.kill("SIGTERM");
        assertEquals((await running.result).code, 130);
        await scene.sshd.waitForNoSession();
      });
    }
  }

  for (const variant of rotatingVariants(0)) {
    it(`that was not ignored when escp was started is not ignored: ssh receives SIGTERM, and SIGHUP stops escp: ${variantName(variant)}`, async () => {
      const { running } = await begin(variant, []);
      await using _ = running;
      for (const process of await descendantsOf(running.pid)) {
        // The main thread of another escp blocks signals.
        if (!/^\S*ssh /.test(commandOf(process))) continue;
        const status = await Deno.readTextFile(`/proc/${process.pid}/status`);
        const bits = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)`, "m").exec(status)![1]}`);
        // SIGTERM is bit 14.
        assertEquals((bits("SigBlk") | bits("SigIgn")) >> 14n & 1n, 0n, commandOf(process));
      }
      running.kill("SIGHUP");
      assertEquals((await running.result).code, 130);
      assert(!isRunning(running.pid));
    });
  }
});
