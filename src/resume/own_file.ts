/** Files that only this user can have put where they are. */

import { codeOf } from "../files/file_failure.ts";

/**
 * Opens a file that is there. In a folder that others can write to, somebody may have put a link under its name, or a
 * file that he still holds: neither is opened for good.
 *
 * @param options.owner who takes the place of this user; null where files have none.
 * @returns undefined when there is none.
 * @throws {Deno.errors.PermissionDenied} when it is no regular file of this user's with this one name.
 */
export function openOwnFile(
  path: string,
  { owner, ...mode }: { write?: boolean; append?: boolean; owner?: number | null } = {},
): Deno.FsFile | undefined {
  try {
    if (!Deno.lstatSync(path).isFile) throw foreign(path);
    const file = Deno.openSync(path, { read: !mode.append, ...mode });
    if (isStill(path, file, owner)) return file;
    file.close();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  throw foreign(path);
}

/** Whether the open file is what this path leads to, and nobody else's. */
export function isStill(path: string, file: Deno.FsFile, owner: number | null = Deno.uid()): boolean {
  try {
    const named = Deno.lstatSync(path);
    const opened = file.statSync();
    const sole = named.isFile && (named.nlink ?? 1) <= 1;
    return sole && named.uid === owner && named.dev === opened.dev && named.ino === opened.ino;
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
