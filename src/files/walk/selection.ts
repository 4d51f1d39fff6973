/** Selects regular files by size and modification time. */

import type { Selection } from "../../protocol/control/selection.ts";
import type { FileStat } from "../stat/file_stat.ts";

/** Returns whether a regular file is copied. */
export type FileTest = (stat: Pick<FileStat, "size" | "mtime" | "mtimeNs">) => boolean;

/** Returns the test of a selection; undefined if it selects every file. */
export function fileTest({ minSize, maxSize, fromMs, beforeMs }: Selection = {}): FileTest | undefined {
  if ([minSize, maxSize, fromMs, beforeMs].every((limit) => limit === undefined)) return undefined;
  const [from, before] = [fromMs ?? -Infinity, beforeMs ?? Infinity];
  const [min, max] = [minSize ?? 0, maxSize ?? Infinity];
  return ({ size, mtime, mtimeNs }) => {
    const timeMs = mtime * 1e3 + mtimeNs / 1e6;
    return size >= min && size <= max && timeMs >= from && timeMs < before;
  };
}
