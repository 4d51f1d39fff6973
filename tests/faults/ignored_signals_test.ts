import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { beforeAll, it } from "@std/testing/bdd";
import { escpCommand, type RunningEscp, startEscp } from "../support/escp/escp_command.ts";
import { untilBegun } from "../support/escp/interruptions.ts";
import { commandOf, descendantsOf, isRunning, type ProcessId } from "../support/processes.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName } from "../support/scene.ts";

const BYTES = 6 << 20;
/** Kilobits per second: the copy takes about two seconds. */
const SLOW = ["-l", "24000", "--retries", "0"];
/** After this time the Worker listens for signals too. */
const SETTLED_MS = 700;

describeWithScene("a signal that was ignored when escp was started", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": { size: BYTES } });
  });

  /** Starts a copy from a shell that ignores signals, as nohup and background jobs of scripts do. */
  async function begin(variant: Variant, ignored: string[]): Promise<{ running: RunningEscp; to: string }> {
    const to = await scene.tree();
    const traps = ignored.map((signal) => `trap '' ${signal.slice(3)}; `).join("");
    const command = ["sh", "-c", `${traps}exec "$@"`, "sh", ...escpCommand()];
    const copy = { flags: SLOW, sources: [`${source}/large`], target: `${to}/` };
    const running = await startEscp(scene.args(variant, copy), { command });
    await untilBegun(to, running);
    await delay(SETTLED_MS);
    return { running, to };
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
      it(`stays ignored: ${name}: ${variantName(variant)}`, async () => {
        const { running, to } = await begin(variant, ignored);
        await using _ = running;
        const processes = await group(running);
        assert(processes.length > 1);
        for (const { pid } of processes) for (const signal of ignored) Deno.kill(pid, signal);
        const { code, stderr } = await running.result;
        assertEquals(code, 0, stderr);
        assertEquals((await Deno.stat(`${to}/large`)).size, BYTES);
      });

      it(`does not disable SIGTERM: ${name}: ${variantName(variant)}`, async () => {
        const { running } = await begin(variant, ignored);
        await using _ = running;
        running.kill("SIGTERM");
        assertEquals((await running.result).code, 130);
        await scene.sshd.waitForNoSession(10_000);
      });
    }
  }

  for (const variant of rotatingVariants(0)) {
    it(`is the only ignored one: ssh receives SIGTERM, and escp SIGHUP: ${variantName(variant)}`, async () => {
      const { running } = await begin(variant, []);
      await using _ = running;
      for (const process of await descendantsOf(running.pid)) {
        // The main thread of another escp blocks signals.
        if (!/^\S*ssh /.test(await commandOf(process))) continue;
        const status = await Deno.readTextFile(`/proc/${process.pid}/status`);
        const bits = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)`, "m").exec(status)![1]}`);
        // SIGTERM is bit 14.
        assertEquals((bits("SigBlk") | bits("SigIgn")) >> 14n & 1n, 0n, await commandOf(process));
      }
      running.kill("SIGHUP");
      assertEquals((await running.result).code, 130);
      assert(!await isRunning(running.pid));
    });
  }
});
