/** Detects changes of a file by its status (stat(2)). */

import { quotePath } from "../../errors.ts";
import type { Attributes, ChangeTimes, FileStat } from "./file_stat.ts";

/** Kinds of changes, ordered by certainty. */
export const FileChange = {
  /** No change. */
  none: 0,
  /**
   * Only the ctime differs. Either the mode, the owner, a name or the number of links changed, or the contents changed and
   * the mtime was set back. Only a comparison of the contents shows which.
   */
  perhaps: 1,
  /** The mtime differs, or the size is smaller. This value and the greater ones are certain. */
  certain: 2,
  /** The size is larger, as that of a log. */
  grown: 3,
} as const;

/** Compares two states of the same file. Returns one of `FileChange`. */
export function changeBetween(
  before: ChangeTimes & { readonly size: number },
  now: ChangeTimes & { readonly size: number },
): number {
  if (now.size > before.size) return FileChange.grown;
  if (now.mtimeNs !== before.mtimeNs || now.mtime !== before.mtime || now.size !== before.size) {
    return FileChange.certain;
  }
  return now.ctimeNs !== before.ctimeNs || now.ctime !== before.ctime ? FileChange.perhaps : FileChange.none;
}

/**
 * Returns the note about a file that changed while it was copied.
 *
 * @param change One of `FileChange`.
 * @param sent Number of bytes that were sent.
 * @returns undefined if the change is not certain.
 */
export function changeNote(path: string, change: number, sent: number): string | undefined {
  if (change < FileChange.certain) return undefined;
  return change === FileChange.grown
    ? `${quotePath(path)} grew while it was copied: the target has its first ${sent} bytes`
    : `${quotePath(path)} changed while it was copied`;
}

/** Resolution of the clock of a file system: two changes within this time may have the same mtime. In milliseconds. */
export const CLOCK_TICK_MS = 100;

/**
 * Returns whether a file was changed so recently that another change may leave the mtime as it is.
 *
 * @param now Milliseconds since 1970.
 */
export function isFreshChange({ mtime, mtimeNs }: Pick<Attributes, "mtime" | "mtimeNs">, now: number): boolean {
  return Math.abs(now - (mtime * 1000 + mtimeNs / 1e6)) <= CLOCK_TICK_MS;
}

/** Returns how long changes until `since` stay fresh, in milliseconds: at most a tick, also if the clock was set back. */
export function freshMs(since: number, now: number): number {
  return Math.min(Math.max(0, since + CLOCK_TICK_MS - now), CLOCK_TICK_MS);
}

/** Weight of the upper half of a 64-bit number. */
const HALF = 2 ** 32;

/**
 * Returns a hash of 53 bits for a state of a file. It stays the same while the file is unchanged. It most likely differs for
 * any other file, and after each change that the system notes, even if the mtime is set back.
 */
export function fileVersion({ inode, ctime, ctimeNs }: Pick<FileStat, "inode" | "ctime" | "ctimeNs">): number {
  const changed = Math.imul(ctime, 0x9e3779b1) ^ Math.imul(ctimeNs, 0x85ebca6b);
  const low = (inode % HALF) ^ Math.imul(inode / HALF, 0x27d4eb2f) ^ changed;
  const high = Math.imul(low ^ (changed >>> 15) ^ ctimeNs, 0xc2b2ae35);
  return (high >>> 11) * HALF + (low >>> 0);
}

/**
 * Returns a hash of 32 bits for an entry since its last change in another second. Both engines return the same. It is the same
 * on all hosts that share a file system. 0 if the entry cannot be identified.
 */
export function entryMark({ inode, ctime }: Pick<FileStat, "inode" | "ctime">): number {
  if (inode === 0) return 0;
  const mixed = Math.imul((inode % HALF) ^ Math.imul(inode / HALF, 0x27d4eb2f), 0x9e3779b1) ^
    Math.imul(ctime, 0x85ebca6b);
  return ((mixed ^ (mixed >>> 15)) >>> 0) || 1;
}
