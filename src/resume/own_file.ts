/** Files that only this user can have put where they are. */

import { codeOf } from "../files/file_failure.ts";

/**
 * Opens a file that is there. In a folder that others can write to, somebody may have put a link under its name, or a
 * file that he still holds: neither is opened for good.
 *
 * @returns undefined when there is none.
 * @throws {Deno.errors.PermissionDenied} when it is no regular file of this user's with this one name.
 */
export function openOwnFile(
  path: string,
  options: { write?: boolean; append?: boolean } = {},
): Deno.FsFile | undefined {
  try {
    if (!Deno.lstatSync(path).isFile) throw foreign(path);
    const file = Deno.openSync(path, { read: !options.append, ...options });
    if (isStill(path, file)) return file;
    file.close();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  throw foreign(path);
}

/** Whether the open file is what this path leads to, and nobody else's. */
export function isStill(path: string, file: Deno.FsFile): boolean {
  try {
    const named = Deno.lstatSync(path);
    const opened = file.statSync();
    const sole = named.isFile && (named.nlink ?? 1) <= 1;
    return sole && named.uid === Deno.uid() && named.dev === opened.dev && named.ino === opened.ino;
  } catch {
    return false;
  }
}

/** Removes a file if it is there and can be removed. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is gone already, or stays: whoever comes next finds it foreign or old.
  }
}

function foreign(path: string): Error {
  return new Deno.errors.PermissionDenied(`${path} is not a file of this user's own`);
}
