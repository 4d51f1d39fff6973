/** Finds processes of this machine through /proc (Linux), for tests that check that none is left behind. */

import { delay } from "@std/async/delay";

/** One process. The start time distinguishes it from a later process with the same number. */
export interface ProcessId {
  pid: number;
  /** In clock ticks since boot. */
  startTime: string;
}

const POLL_MS = 10;
/** Far more than a process takes to exit on a busy machine. */
const PATIENCE_MS = 30_000;

/** Returns processes with this variable in their environment, such as "MARKER=17", even if inherited. */
export async function processesWithEnvironment(assignment: string): Promise<ProcessId[]> {
  const found: ProcessId[] = [];
  for (const pid of await allPids()) {
    if (!readProc(pid, "environ")?.split("\0").includes(assignment)) continue;
    const stat = readStat(pid);
    if (stat && stat.state !== "Z") found.push({ pid, startTime: stat.startTime });
  }
  return found;
}

/** Returns all descendants of a process except zombies, parents before children. */
export async function descendantsOf(ancestor: number): Promise<ProcessId[]> {
  const stats = (await allPids()).map((pid) => ({ pid, stat: readStat(pid) }));
  const found: ProcessId[] = [];
  const parents = new Set([ancestor]);
  for (let grew = true; grew;) {
    grew = false;
    for (const { pid, stat } of stats) {
      if (!stat || stat.state === "Z" || parents.has(pid) || !parents.has(stat.parent)) continue;
      parents.add(pid);
      found.push({ pid, startTime: stat.startTime });
      grew = true;
    }
  }
  return found;
}

/** Returns whether the process runs. A zombie does not. */
export function isRunning(process: ProcessId | number): boolean {
  const stat = readStat(typeof process === "number" ? process : process.pid);
  if (!stat || stat.state === "Z") return false;
  return typeof process === "number" || stat.startTime === process.startTime;
}

/** Kills the process unless it has exited. */
export function killProcess(process: ProcessId, signal: Deno.Signal = "SIGKILL"): void {
  if (!isRunning(process)) return;
  try {
    Deno.kill(process.pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}

/** Returns the command line of a process for messages; empty if it has exited. */
export function commandOf(process: ProcessId): string {
  return readProc(process.pid, "cmdline")?.replaceAll("\0", " ").trim() ?? "";
}

/** Returns the remote ends of escp among the sessions of a server, without the shells that started them. */
export async function receiversOf(sshd: { sessions(): Promise<ProcessId[]> }): Promise<ProcessId[]> {
  const sessions = await sshd.sessions();
  const commands = sessions.map(commandOf);
  return sessions.filter((_, index) => / --receiver\b/.test(commands[index]) && !/^\S*sh /.test(commands[index]));
}

/**
 * Waits until the process has exited.
 *
 * @throws {Error} With its command line, if the process still runs after `deadlineMs`.
 */
export async function waitForExit(process: ProcessId | number, deadlineMs = PATIENCE_MS): Promise<void> {
  await waitForNoProcess(() => {
    const pid = typeof process === "number" ? process : process.pid;
    const stat = readStat(pid);
    return stat && isRunning(process) ? [{ pid, startTime: stat.startTime }] : [];
  }, deadlineMs);
}

/**
 * Waits until `find` returns no process, for example `() => processesWithEnvironment(marker)`.
 *
 * @throws {Error} With the command lines of those that still run after `deadlineMs`.
 */
export async function waitForNoProcess(
  find: () => ProcessId[] | Promise<ProcessId[]>,
  deadlineMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const left = await find();
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      const lines = left.map((process) => `${process.pid} ${commandOf(process)}`);
      throw new Error(`Still running after ${deadlineMs} ms:\n${lines.join("\n")}`);
    }
    // There is no event for the exit of a process that is not a child.
    await delay(POLL_MS);
  }
}

async function allPids(): Promise<number[]> {
  const pids: number[] = [];
  for await (const entry of Deno.readDir("/proc")) if (/^\d+$/.test(entry.name)) pids.push(Number(entry.name));
  return pids;
}

/** Reads fields 3, 4 and 22 of /proc/PID/stat (proc_pid_stat(5)). The name before them may contain spaces and parentheses. */
function readStat(pid: number): { state: string; parent: number; startTime: string } | undefined {
  const text = readProc(pid, "stat");
  if (!text) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], parent: Number(fields[1]), startTime: fields[19] };
}

/**
 * Returns `undefined` if the process has exited or belongs to another user. Synchronously, because each run of escp ends with a
 * search in all processes.
 */
function readProc(pid: number, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
