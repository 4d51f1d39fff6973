/** How many files this process may have open. */

/** Where it cannot be told: what every system gives at least. */
const USUAL = 256;

/** Share of the open files for unproven connections. */
const UNPROVEN_SHARE = 1 / 8;

/** Returns the number of open files for unproven connections. The others belong to files and streams of the session. */
export function unprovenFiles(): number {
  return Math.floor(openFilesLimit() * UNPROVEN_SHARE);
}

let limit: number | undefined;

/** Returns the soft limit (RLIMIT_NOFILE of getrlimit(2)), which Deno has raised as far as it may. Read once per thread. */
export function openFilesLimit(): number {
  return limit ??= readLimit();
}

function readLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    return line ? Number(line[1]) : USUAL;
  } catch {
    return USUAL;
  }
}
