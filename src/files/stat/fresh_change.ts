/** Whether a file was changed so recently that it could be changed once more without getting another time. */

import type { Attributes } from "./file_stat.ts";

/** Clocks of file systems go on in steps: up to here two changes may have one time. */
const CLOCK_TICK_MS = 100;

/** @param now milliseconds since 1970. */
export function isFreshChange({ mtime, mtimeNs }: Pick<Attributes, "mtime" | "mtimeNs">, now: number): boolean {
  return Math.abs(now - (mtime * 1000 + mtimeNs / 1e6)) <= CLOCK_TICK_MS;
}
