/** How many files this process may have open. */

/** Where it cannot be told: what every system gives at least. */
const USUAL = 256;

/** The soft limit (RLIMIT_NOFILE of getrlimit(2)), which Deno has raised as far as it may. */
export function openFilesLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    return line ? Number(line[1]) : USUAL;
  } catch {
    return USUAL;
  }
}
