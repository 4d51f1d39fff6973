/**
 * What `Deno.*` of this runtime gets wrong about files, and the system calls that fill the gap. Deno before 2.9 omits
 * names that are not UTF-8 from every listing, and reports a time before 1970 as the time that lies as long after it.
 */

import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls, openFileCalls } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import { Statx } from "../native/file_statx.ts";
import { encodeName } from "../protocol/names.ts";
import type { FileStat } from "./file_stat.ts";
import { LONGEST_PATH_BYTES } from "./native_open.ts";

/** Whether this runtime has the gaps. */
const HAS_GAPS = isBefore(Deno.version.deno, 2, 9);

let calls: FileCalls | undefined | null;

/** System calls that fill the gaps; undefined if there are none, or if this process may not make such calls. */
export function gapCalls(): FileCalls | undefined {
  if (calls === undefined) calls = openCalls();
  return calls ?? undefined;
}

/** What a user should know of gaps that cannot be filled; undefined if there are none. */
export function gapNote(): string | undefined {
  // Elsewhere no name is bytes, and no system call is known: README, "Platforms".
  if (!HAS_GAPS || Deno.build.os !== "linux" || gapCalls()) return undefined;
  return `names that are not UTF-8 are missing, and times before 1970 are wrong: Deno ${Deno.version.deno} needs ` +
    "--allow-ffi to see them, Deno 2.9 does not";
}

/** Corrects the times in `stat`, which `Deno.*` told of this path. */
export function correctTimes(path: string, { follow }: { follow: boolean }, stat: FileStat): void {
  const calls = gapCalls();
  if (!calls) return;
  const bytes = encodeName(path);
  if (bytes.length > LONGEST_PATH_BYTES) return;
  name ??= new Scratch(LONGEST_PATH_BYTES + 1);
  statx ??= new Statx(calls);
  if (!statx.fill(AT_FDCWD, name.putName(bytes), follow ? 0 : AT_SYMLINK_NOFOLLOW)) return;
  // Only the sign is missing: another time is that of a file that took the name since.
  if (statx.mtime < 0 && isOpposite(stat.mtime, stat.mtimeNs, statx.mtime, statx.mtimeNs)) {
    stat.mtime = statx.mtime;
    stat.mtimeNs = wholeMilliseconds(statx.mtimeNs);
  }
  if (statx.atime < 0 && isOpposite(stat.atime, stat.atimeNs, statx.atime, statx.atimeNs)) {
    stat.atime = statx.atime;
    stat.atimeNs = wholeMilliseconds(statx.atimeNs);
  }
}

let name: Scratch | undefined;
let statx: Statx | undefined;

/** Cuts nanoseconds as `Deno.*` does, so that its times compare. */
export function wholeMilliseconds(nanoseconds: number): number {
  return nanoseconds - nanoseconds % 1_000_000;
}

function isOpposite(seconds: number, nanoseconds: number, realSeconds: number, realNanoseconds: number): boolean {
  const told = seconds * 1_000 + Math.floor(nanoseconds / 1_000_000);
  return told === Math.floor(-(realSeconds * 1_000 + realNanoseconds / 1_000_000));
}

function openCalls(): FileCalls | null {
  if (!HAS_GAPS || Deno.build.os !== "linux") return null;
  // Asked without a prompt.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  try {
    return openFileCalls();
  } catch {
    return null;
  }
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [theirMajor, theirMinor] = version.split(".").map(Number);
  return theirMajor < major || (theirMajor === major && theirMinor < minor);
}
