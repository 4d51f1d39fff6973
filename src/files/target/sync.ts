/** Flushes files and directories to disk with fsync(2), in a thread of the runtime: a slow disk does not block this one. */

import { FileError } from "../../errors.ts";
import type { TargetPlace } from "../engine/target_place.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { codeOf, failedDeno } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile, planted, swapped, UNKNOWN_FILE } from "../stat/file_identity.ts";
import { directoryOf, joinPath } from "../path/local_path.ts";
import { rootPath, STANDARD_OUTPUT } from "./name.ts";

/** Errors of file systems that cannot flush directories. */
const UNSUPPORTED: readonly (string | undefined)[] = ["EINVAL", "ENOSYS", "EOPNOTSUPP", "EBADF"];

/**
 * Flushes a file to disk.
 *
 * @param text Final path, for messages.
 * @param identity Identity that the file must have. Default: any.
 * @throws {FileError}
 */
export async function syncFile(path: string, text: string, identity: FileIdentity = UNKNOWN_FILE): Promise<void> {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    if (!isSameFile(identityOf(file.statSync()), identity)) throw planted("write", text);
    await file.sync();
  } catch (error) {
    throw failedDeno("write", text, error);
  }
}

/** Flushes a block device to disk; does nothing for other devices. @throws {FileError} */
export async function syncDevice(path: string): Promise<void> {
  if (path === STANDARD_OUTPUT) return;
  let isBlockDevice: boolean | null;
  try {
    ({ isBlockDevice } = Deno.statSync(path));
  } catch (error) {
    throw failedDeno("write", path, error);
  }
  if (isBlockDevice) await syncFile(path, path);
}

/**
 * Flushes the entries of directories to disk, and the names of root directories that were created. Windows and some file
 * systems do not support this. Then nothing is flushed.
 *
 * @param place Returns a path by which the directory can be opened until the next call.
 * @returns Failures.
 */
export async function syncDirectories(
  roots: readonly TargetRoot[],
  directories: Iterable<TargetPlace>,
  place: (directory: TargetPlace) => string,
): Promise<FileError[]> {
  const failures: FileError[] = [];
  if (Deno.build.os === "windows") return failures;
  const done = new Set<string>();
  const sync = async (text: string, pathOf: () => string, identity?: FileIdentity) => {
    if (done.has(text)) return;
    done.add(text);
    try {
      await syncDirectory(pathOf(), text, identity);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      failures.push(error);
    }
  };
  for (const directory of directories) {
    const root = roots[directory.root];
    if (root.kind !== "device") await sync(joinPath(rootPath(root), directory.path), () => place(directory));
  }
  for (const root of roots) {
    if (root.kind === "device") continue;
    for (const made of root.missing ?? []) await sync(directoryOf(made), () => directoryOf(made));
    if (root.kind !== "folder" || !root.created) continue;
    const above = directoryOf(root.path);
    await sync(above, () => above, root.parent);
  }
  return failures;
}

/** @param identity Identity that the directory must have; undefined to accept any. */
async function syncDirectory(path: string, text: string, identity: FileIdentity | undefined): Promise<void> {
  try {
    using directory = openDirectory(path, identity);
    if (identity && !isSameFile(identityOf(directory.statSync()), identity)) throw swapped("write", text);
    await directory.sync();
  } catch (error) {
    if (!UNSUPPORTED.includes(codeOf(error))) throw failedDeno("write", text, error);
  }
}

/** Flushes the entries of a directory to disk, in this thread. @throws {FileError} */
export function syncDirectoryNow(path: string): void {
  try {
    using directory = openDirectory(path, undefined);
    directory.syncSync();
  } catch (error) {
    if (!UNSUPPORTED.includes(codeOf(error))) throw failedDeno("write", path, error);
  }
}

/** Opens a directory. If this user may not read it, but owns it, read permission is added temporarily. */
function openDirectory(path: string, identity: FileIdentity | undefined): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (error) {
    if (codeOf(error) !== "EACCES") throw error;
    const info = Deno.statSync(path);
    const { mode } = info;
    if (mode === null || (identity && !isSameFile(identityOf(info), identity))) throw error;
    Deno.chmodSync(path, (mode & 0o7777) | 0o400);
    try {
      return Deno.openSync(path);
    } finally {
      Deno.chmodSync(path, mode & 0o7777);
    }
  }
}
