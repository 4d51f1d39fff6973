/** Converts results of statx(2). */

import type { Statx } from "../../native/file/statx.ts";
import type { FileStat } from "../stat/file_stat.ts";

/** Copies the status of a file. */
export function readStat(from: Statx, into: FileStat): void {
  const mode = from.mode;
  into.kind = from.kind;
  into.mode = mode & 0o7777;
  into.uid = from.uid;
  into.gid = from.gid;
  into.size = from.size;
  into.mtime = from.mtime;
  into.mtimeNs = from.mtimeNs;
  into.atime = from.atime;
  into.atimeNs = from.atimeNs;
  into.ctime = from.ctime;
  into.ctimeNs = from.ctimeNs;
  into.links = from.links;
  into.dev = from.dev;
  into.inode = from.inode;
  into.inodeLow = from.inodeLow;
}
