/** How many files this process may have open. */

/** Where it cannot be told: what every system gives at least. */
const USUAL = 256;

/** Part of the open files that connections may take which have not proven themselves. */
const UNPROVEN_SHARE = 1 / 8;

/** Number of open files that are left to such connections: the others are for the files and streams of the session. */
export function unprovenFiles(limit: number = openFilesLimit()): number {
  return Math.floor(limit * UNPROVEN_SHARE);
}

/** The soft limit (RLIMIT_NOFILE of getrlimit(2)), which Deno has raised as far as it may. */
export function openFilesLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    return line ? Number(line[1]) : USUAL;
  } catch {
    return USUAL;
  }
}
