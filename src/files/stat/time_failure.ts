/** Failures of setting times. The file keeps its contents and its final name. */

import { Errno } from "../../native/libc/errno.ts";
import { FileError } from "../../errors.ts";
import { SETTING_TIME } from "../../protocol/failure.ts";
import { failedCall, failedDeno } from "./file_failure.ts";

/** The earliest time of FAT, and the latest of file systems with 32-bit times, in seconds since 1970. */
const EARLIEST = 315_532_800;
const LATEST = 0x7fff_ffff;
/** Resolution of FAT. */
const COARSEST_SECONDS = 2;

/**
 * Returns whether a file system may lack a time, in seconds since 1970. Linux then sets the nearest time that the file
 * system has and reports no error, so the time must be read back.
 */
export function isRareTime(seconds: number): boolean {
  return seconds < EARLIEST || seconds > LATEST;
}

/** Returns whether the time that was read back is the time that was set, both in seconds. */
export function isTimeKept(set: number, found: number): boolean {
  return Math.abs(set - found) < COARSEST_SECONDS;
}

/** Returns the failure for a time that the file system lacks. */
export function replacedTime(path: string): FileError {
  return new FileError(SETTING_TIME, path, "its file system has no such time", {
    code: "ERANGE",
    hint: "The contents and all other attributes were copied",
  });
}

/** Returns the failure for an error number. ERANGE means that the file system lacks the time. */
export function unsetTimeCall(path: string, errno: number): FileError {
  return errno === Errno.ERANGE ? replacedTime(path) : failedCall(SETTING_TIME, path, errno);
}

/** Returns the failure for an error that a `Deno.*` call has thrown. */
export function unsetTime(path: string, cause: unknown): FileError {
  return failedDeno(SETTING_TIME, path, cause);
}
