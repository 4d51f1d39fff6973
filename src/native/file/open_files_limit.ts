/** The limit of open files of this process. */

/** Assumed limit if it cannot be read: the minimum of the supported systems. */
const DEFAULT_LIMIT = 256;

/** Share of the limit for connections before their handshake. */
const UNAUTHENTICATED_SHARE = 1 / 8;

/** Returns the maximum number of connections before their handshake. The other descriptors are for files and streams. */
export function maxUnauthenticated(): number {
  return Math.floor(openFilesLimit() * UNAUTHENTICATED_SHARE);
}

let limit: number | undefined;

/** Returns the soft limit (RLIMIT_NOFILE of getrlimit(2)), which Deno raises to the hard limit. Read once per thread. */
export function openFilesLimit(): number {
  return limit ??= readLimit();
}

function readLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    return line ? Number(line[1]) : DEFAULT_LIMIT;
  } catch {
    return DEFAULT_LIMIT;
  }
}
