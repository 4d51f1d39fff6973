/** Converts `Deno.FileInfo`. */

import { codeOf } from "../stat/file_failure.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import { correctTimes } from "./runtime_gaps.ts";

/** Reads the status of a path. @throws errors of `Deno.statSync`. */
export function readPath(path: string, { follow }: { follow: boolean }, into: FileStat): void {
  const info = follow ? Deno.statSync(path) : Deno.lstatSync(path);
  if (Number.isNaN(info.mtime?.getTime())) throw new RangeError("its time is outside the range of Deno");
  readInfo(info, into);
  correctTimes(path, { follow }, into);
}

/** Returns the status of a path; undefined if there is no file. @throws errors of `Deno.statSync`. */
export function statExisting(path: string, options: { follow: boolean }): FileStat | undefined {
  try {
    const stat = new FileStat();
    readPath(path, options, stat);
    return stat;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Reads the status of an open file. @param path Path that was opened. */
export function readOpen(file: Deno.FsFile, path: string, into: FileStat): void {
  readInfo(file.statSync(), into);
  correctTimes(path, { follow: true }, into);
}

/** Copies the status without correcting times before 1970 (`correctTimes`). */
export function readInfo(info: Deno.FileInfo, into: FileStat): void {
  into.kind = kindOf(info);
  into.mode = isWindows() ? WINDOWS_MODE | (info.isDirectory ? 0o111 : 0) : info.mode! & 0o7777;
  into.uid = info.uid ?? 0;
  into.gid = info.gid ?? 0;
  into.size = info.size;
  // Zero if Deno has no time, and never a negative zero.
  const mtime = info.mtime?.getTime() || 0;
  const atime = info.atime ? info.atime.getTime() || 0 : mtime;
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

/** Returns the status without correcting times before 1970. */
export function statOf(info: Deno.FileInfo): FileStat {
  const stat = new FileStat();
  readInfo(info, stat);
  return stat;
}

function kindOf(info: Deno.FileInfo): number {
  if (info.isFile) return FileKind.file;
  if (info.isDirectory) return FileKind.directory;
  if (info.isSymlink) return FileKind.symlink;
  if (info.isFifo) return FileKind.fifo;
  if (info.isSocket) return FileKind.socket;
  return info.isBlockDevice ? FileKind.blockDevice : FileKind.charDevice;
}

/** Mode of files on Windows, which has no permissions. Deno reports it for directories too. */
const WINDOWS_MODE = 0o666;
/** Mask for a receiver that preserves permissions: other users must not write to the copy. */
const WINDOWS_PRESERVED = 0o755;

const isWindows = () => Deno.build.os === "windows";

/** Returns the mask for modes that are sent. @param preserve whether the receiver preserves permissions. */
export function sentModeMask(preserve: boolean): number {
  return isWindows() && preserve ? WINDOWS_PRESERVED : 0o7777;
}

/** The largest time of a `Date`, in seconds since 1970. */
const LAST_DATE = 8.64e12;

/** Returns a time for `Deno.utimeSync`, which supports only milliseconds. */
export function timeOf(seconds: number, nanoseconds: number): Date | number {
  if (Math.abs(seconds) >= LAST_DATE) return seconds;
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000));
}
