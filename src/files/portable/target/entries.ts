/** Operations on one entry of a directory, by its path. */

import { codeOf } from "../../stat/file_failure.ts";

/** Returns the status of a file or link itself; undefined if there is none. @throws errors of `Deno.lstatSync`. */
export function existingAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates a second name for a file or link. @returns Whether it was created. */
export function tryLink(path: string, other: string): boolean {
  try {
    Deno.linkSync(path, other);
    return true;
  } catch {
    return false;
  }
}

/** Removes a file or link; never fails. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The file is gone, or this user may not remove it.
  }
}
