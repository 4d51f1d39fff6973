/** A number for a file as it is now. */

import type { FileStat } from "./file_stat.ts";

const HALF = 2 ** 32;

/**
 * Of 53 bits: the same as long as the file is the same and nothing of it changes, and most likely another one for any other
 * file, and after each change that the system notes, also when the time of modification is set back.
 */
export function fileVersion({ inode, ctime, ctimeNs }: Pick<FileStat, "inode" | "ctime" | "ctimeNs">): number {
  const changed = Math.imul(ctime, 0x9e3779b1) ^ Math.imul(ctimeNs, 0x85ebca6b);
  const low = (inode % HALF) ^ Math.imul(inode / HALF, 0x27d4eb2f) ^ changed;
  const high = Math.imul(low ^ (changed >>> 15) ^ ctimeNs, 0xc2b2ae35);
  return (high >>> 11) * HALF + (low >>> 0);
}
