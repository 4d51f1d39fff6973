/** Runs one copy and measures it. */

import { descendantsOf, killProcess, waitForNoProcess } from "../../tests/support/processes.ts";

/** Measurements of one run. */
export interface Measure {
  wallSeconds: number;
  /** User and system time of all processes of both ends, including ssh and its server, with a resolution of 10 ms. */
  cpuSeconds: number;
}

/** Environment and limit of a run. */
export interface MeasureOptions {
  /** Process of the ssh server, whose children are the remote processes. */
  serverPid: number;
  env: Record<string, string>;
  timeoutSeconds: number;
}

// proc_pid_stat(5) counts in USER_HZ, which is 100 on every Linux that Deno runs on.
const TICKS_PER_SECOND = 100;

/**
 * Runs a command to its end.
 *
 * @throws {Error} With the first line of its output, if it fails or exceeds its time limit. Kills all of its processes.
 */
export async function measure(command: string[], options: MeasureOptions): Promise<Measure> {
  const cpuBefore = await childTicks("self") + await childTicks(options.serverPid);
  const started = performance.now();
  const child = new Deno.Command(command[0], {
    args: command.slice(1),
    env: options.env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(async () => {
    late = true;
    for (const process of await descendantsOf(child.pid)) await killProcess(process);
    child.kill("SIGKILL");
  }, options.timeoutSeconds * 1000);
  const printed = new Response(child.stderr).text();
  const { code } = await child.status;
  const wallSeconds = (performance.now() - started) / 1000;
  clearTimeout(timer);
  if (late) throw new Error(`not finished after ${options.timeoutSeconds} s`);
  if (code !== 0) throw new Error((await printed).trim().split("\n")[0] || `exit status ${code}`);
  await printed;
  // The server adds the time of a session after its end, shortly after the client.
  await waitForNoProcess(() => descendantsOf(options.serverPid), 10_000);
  const cpuAfter = await childTicks("self") + await childTicks(options.serverPid);
  return { wallSeconds, cpuSeconds: (cpuAfter - cpuBefore) / TICKS_PER_SECOND };
}

/** Returns the CPU time of ended descendants of a process: cutime and cstime, fields 16 and 17. */
async function childTicks(pid: number | "self"): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[13]) + Number(fields[14]);
}

/** Returns the median; NaN of no values. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
