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
  /** Process of `escp --serve`, if one runs. Its time counts too. */
  servePid?: number;
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
  const cpuBefore = await allTicks(options);
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
  const cpuAfter = await allTicks(options);
  return { wallSeconds, cpuSeconds: (cpuAfter - cpuBefore) / TICKS_PER_SECOND };
}

async function allTicks({ serverPid, servePid }: MeasureOptions): Promise<number> {
  const serve = servePid === undefined ? { own: 0, children: 0 } : await ticksOf(servePid);
  return (await ticksOf("self")).children + (await ticksOf(serverPid)).children + serve.own + serve.children;
}

/**
 * Returns the CPU time of a process, and of its ended descendants: utime and stime, cutime and cstime, fields 14 to 17 of
 * proc_pid_stat(5).
 */
async function ticksOf(pid: number | "self"): Promise<{ own: number; children: number }> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`);
  const [own, ownSystem, children, childrenSystem] = text.slice(text.lastIndexOf(")") + 2).split(" ").slice(11, 15);
  return { own: Number(own) + Number(ownSystem), children: Number(children) + Number(childrenSystem) };
}

/** Returns the median; NaN of no values. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
