/** From `Deno.FileInfo` to what both engines know of a file. */

import { FileKind, FileStat } from "./file_stat.ts";

export function readInfo(info: Deno.FileInfo, into: FileStat): void {
  into.kind = kindOf(info);
  into.mode = (info.mode ?? (info.isDirectory ? 0o755 : 0o644)) & 0o7777;
  into.uid = info.uid ?? 0;
  into.gid = info.gid ?? 0;
  into.size = info.size;
  const mtime = info.mtime?.getTime() ?? 0;
  const atime = info.atime?.getTime() ?? mtime;
  into.mtime = Math.floor(mtime / 1000);
  into.mtimeNs = (mtime - into.mtime * 1000) * 1_000_000;
  into.atime = Math.floor(atime / 1000);
  into.atimeNs = (atime - into.atime * 1000) * 1_000_000;
  const ctime = info.ctime?.getTime() ?? 0;
  into.ctime = Math.floor(ctime / 1000);
  into.ctimeNs = (ctime - into.ctime * 1000) * 1_000_000;
  into.links = info.nlink ?? 1;
  into.dev = info.dev;
  into.inode = info.ino ?? 0;
  into.inodeLow = into.inode % 2 ** 32;
}

export function statOf(info: Deno.FileInfo): FileStat {
  const stat = new FileStat();
  readInfo(info, stat);
  return stat;
}

function kindOf(info: Deno.FileInfo): number {
  if (info.isFile) return FileKind.file;
  if (info.isDirectory) return FileKind.folder;
  if (info.isSymlink) return FileKind.symlink;
  if (info.isFifo) return FileKind.fifo;
  if (info.isSocket) return FileKind.socket;
  return info.isBlockDevice ? FileKind.blockDevice : FileKind.charDevice;
}

/** Time for `Deno.utimeSync`: milliseconds are all that it takes. */
export function dateOf(seconds: number, nanoseconds: number): Date {
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000));
}
