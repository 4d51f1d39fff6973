/** Times that a target cannot have: the file is in place all the same, and the failure says so. */

import { FileError } from "../errors.ts";
import { SETTING_TIME } from "../protocol/results.ts";
import { failedCall, failedDeno } from "./file_failure.ts";

/** The earliest time of FAT, and the latest of file systems with 32-bit times. Seconds since 1970. */
const EARLIEST = 315_532_800;
const LATEST = 0x7fff_ffff;
const ERANGE = 34;
/** FAT keeps every second second. */
const COARSEST_SECONDS = 2;

/**
 * Whether some file system replaces such a time with its earliest or latest, without an error: what was set is to be
 * read again.
 */
export function isRareTime(seconds: number): boolean {
  return seconds < EARLIEST || seconds > LATEST;
}

/** Whether a time that was read again is the one that was set. Seconds. */
export function isTimeKept(wanted: number, found: number): boolean {
  return Math.abs(wanted - found) < COARSEST_SECONDS;
}

/** The failure of a path whose time the file system has replaced. */
export function replacedTime(path: string): FileError {
  return new FileError(SETTING_TIME, path, "its file system has no such time", {
    code: "ERANGE",
    hint: "All else of it was copied",
  });
}

/** The failure of a path by the error number that setting its time had; ERANGE: the file system has replaced it. */
export function unsetTimeCall(path: string, errno: number): FileError {
  return errno === ERANGE ? replacedTime(path) : failedCall(SETTING_TIME, path, errno);
}

/** The failure of a path whose time could not be set. @param cause what `Deno.*` threw. */
export function unsetTime(path: string, cause: unknown): FileError {
  return failedDeno(SETTING_TIME, path, cause);
}
