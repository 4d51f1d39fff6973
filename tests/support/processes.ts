/** Looks at the processes of this machine through /proc (Linux), for tests that nothing is left behind. */

/** One process. The start time tells it from a later one with the same number. */
export interface ProcessId {
  pid: number;
  /** In clock ticks since boot. */
  startTime: string;
}

const POLL_MS = 10;

/** Processes that were started with this in their environment, such as "MARKER=17", and all that inherited it. */
export async function processesWithEnvironment(assignment: string): Promise<ProcessId[]> {
  const found: ProcessId[] = [];
  for (const pid of await allPids()) {
    const environment = await readProc(pid, "environ");
    if (!environment?.split("\0").includes(assignment)) continue;
    const stat = await readStat(pid);
    if (stat && stat.state !== "Z") found.push({ pid, startTime: stat.startTime });
  }
  return found;
}

/** Children of the process, their children and so on; without the process itself, without zombies. */
export async function descendantsOf(ancestor: number): Promise<ProcessId[]> {
  const stats = await Promise.all((await allPids()).map(async (pid) => ({ pid, stat: await readStat(pid) })));
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

/** Whether the process runs; a zombie has ended. */
export async function isRunning(process: ProcessId | number): Promise<boolean> {
  const stat = await readStat(typeof process === "number" ? process : process.pid);
  if (!stat || stat.state === "Z") return false;
  return typeof process === "number" || stat.startTime === process.startTime;
}

/** Kills the process unless it has ended meanwhile. */
export async function killProcess(process: ProcessId, signal: Deno.Signal = "SIGKILL"): Promise<void> {
  if (!await isRunning(process)) return;
  try {
    Deno.kill(process.pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}

/** The command line of a process, for messages. Empty when it has ended. */
export async function commandOf(process: ProcessId): Promise<string> {
  return (await readProc(process.pid, "cmdline"))?.replaceAll("\0", " ").trim() ?? "";
}

/**
 * Waits until the process has ended.
 *
 * @throws {Error} when it still runs after `deadlineMs`, with its command line.
 */
export async function waitForExit(process: ProcessId | number, deadlineMs = 5000): Promise<void> {
  await waitForNoProcess(async () => {
    const pid = typeof process === "number" ? process : process.pid;
    const stat = await readStat(pid);
    return stat && await isRunning(process) ? [{ pid, startTime: stat.startTime }] : [];
  }, deadlineMs);
}

/**
 * Waits until `find` finds none, such as `() => processesWithEnvironment(marker)`.
 *
 * @throws {Error} when there are some after `deadlineMs`, with their command lines.
 */
export async function waitForNoProcess(find: () => Promise<ProcessId[]>, deadlineMs = 5000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const left = await find();
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      const lines = await Promise.all(left.map(async (process) => `${process.pid} ${await commandOf(process)}`));
      throw new Error(`Still running after ${deadlineMs} ms:\n${lines.join("\n")}`);
    }
    // No event tells of the end of a process that is not a child of this one, so the only way is to look again.
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function allPids(): Promise<number[]> {
  const pids: number[] = [];
  for await (const entry of Deno.readDir("/proc")) if (/^\d+$/.test(entry.name)) pids.push(Number(entry.name));
  return pids;
}

/** Fields 3, 4 and 22 of /proc/PID/stat (proc_pid_stat(5)); the name before them may hold spaces and parentheses. */
async function readStat(pid: number): Promise<{ state: string; parent: number; startTime: string } | undefined> {
  const text = await readProc(pid, "stat");
  if (!text) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], parent: Number(fields[1]), startTime: fields[19] };
}

/** Undefined when the process has ended or is another user's. */
async function readProc(pid: number, file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
