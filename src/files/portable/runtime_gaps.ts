/**
 * System calls in place of `Deno.*` calls that are wrong in older versions of Deno. Before 2.9 every listing omits names
 * that are not UTF-8, and a time before 1970 has the wrong sign.
 */

import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls, openFileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { encodeName } from "../../protocol/names.ts";
import { isAtLeast } from "../../version_order.ts";
import type { FileStat } from "../stat/file_stat.ts";
import { LONGEST_PATH_BYTES } from "../native/open.ts";

/** Whether this version of Deno has these faults. */
const HAS_GAPS = !isAtLeast(Deno.version.deno, [2, 9]);

let calls: FileCalls | undefined | null;

/** Returns the system calls to use, undefined if they are not needed or not permitted. */
export function gapCalls(): FileCalls | undefined {
  if (!HAS_GAPS || Deno.build.os !== "linux") return undefined;
  if (calls === undefined) calls = openCalls();
  return calls ?? undefined;
}

/** Returns a note for the user if system calls are needed but not permitted. */
export function gapNote(): string | undefined {
  // Other systems have no names that are bytes. Their wrong times are documented: src/cli/MANUAL.md, "Platforms".
  if (!HAS_GAPS || Deno.build.os !== "linux" || gapCalls()) return undefined;
  return "names that are not UTF-8 are missing, and times before 1970 are wrong: " +
    `run Deno ${Deno.version.deno} with --allow-ffi, or use Deno 2.9 or later`;
}

/** Corrects the sign of the times in `stat`, which a `Deno.*` call has returned for this path. */
export function correctTimes(path: string, { follow }: { follow: boolean }, stat: FileStat): void {
  const calls = gapCalls();
  if (!calls) return;
  const bytes = encodeName(path);
  if (bytes.length > LONGEST_PATH_BYTES) return;
  name ??= new PinnedBuffer(LONGEST_PATH_BYTES + 1);
  statx ??= new Statx(calls);
  if (!statx.fill(AT_FDCWD, name.putName(bytes), follow ? 0 : AT_SYMLINK_NOFOLLOW)) return;
  // Change only the sign: any other time belongs to a file that has taken the name since.
  if (statx.mtime < 0 && isOpposite(stat.mtime, stat.mtimeNs, statx.mtime, statx.mtimeNs)) {
    stat.mtime = statx.mtime;
    stat.mtimeNs = wholeMilliseconds(statx.mtimeNs);
  }
  if (statx.atime < 0 && isOpposite(stat.atime, stat.atimeNs, statx.atime, statx.atimeNs)) {
    stat.atime = statx.atime;
    stat.atimeNs = wholeMilliseconds(statx.atimeNs);
  }
}

let name: PinnedBuffer | undefined;
let statx: Statx | undefined;

/** Cuts nanoseconds to whole milliseconds, as `Deno.*` does. */
export function wholeMilliseconds(nanoseconds: number): number {
  return nanoseconds - nanoseconds % 1_000_000;
}

function isOpposite(seconds: number, nanoseconds: number, realSeconds: number, realNanoseconds: number): boolean {
  const reported = seconds * 1_000 + Math.floor(nanoseconds / 1_000_000);
  return reported === Math.floor(-(realSeconds * 1_000 + realNanoseconds / 1_000_000));
}

function openCalls(): FileCalls | null {
  // A query does not prompt the user.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  try {
    return openFileCalls();
  } catch {
    return null;
  }
}
