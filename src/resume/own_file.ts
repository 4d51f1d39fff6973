/** Files and directories that only this user can have put where they are, and what tells them from others. */

import { codeOf } from "../files/stat/file_failure.ts";
import { type ExactIdentity, exactIdentity, identityOf, isExactly, isSameFile } from "../files/stat/file_identity.ts";

/** Checks an identity from a record. @returns undefined if it is none. */
export function parseIdentity({ dev, inode, birthMs }: Readonly<Record<string, unknown>>): ExactIdentity | undefined {
  if (typeof dev !== "number" || typeof inode !== "number") return undefined;
  if (birthMs !== null && typeof birthMs !== "number") return undefined;
  return { dev, inode, birthMs };
}

/** How a file is opened. */
export interface OwnFileOptions {
  write?: boolean;
  append?: boolean;
  /** Whose it has to be, in the place of this user; null where files have no owner. */
  owner?: number | null;
}

/**
 * Opens a file that exists. In a directory that others can write to, somebody may have put a link under its name, or a
 * file that he still has open: neither is used.
 *
 * @returns undefined if there is none.
 * @throws {Deno.errors.PermissionDenied} if it is not a regular file of this user with this one name.
 */
export function openOwnFile(path: string, { owner, ...mode }: OwnFileOptions = {}): Deno.FsFile | undefined {
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

/**
 * Opens a file for reading and writing if it is the one that is meant, and nobody else's. This does not block, even if the
 * file is replaced by a FIFO (fifo(7)).
 *
 * @returns undefined if it is another file, or cannot be opened.
 */
export function openExactFile(path: string, wanted: ExactIdentity): Deno.FsFile | undefined {
  let file: Deno.FsFile | undefined;
  try {
    file = openOwnFile(path, { write: true });
    if (file && isExactly(exactIdentity(file.statSync()), wanted)) return file;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
  file?.close();
  return undefined;
}

/** What stat(2) says of a file if it is the one that is meant, and nobody else's. */
export function statExact(path: string, wanted: ExactIdentity): Deno.FileInfo | undefined {
  try {
    const info = Deno.lstatSync(path);
    const isOwn = info.isFile && (info.nlink ?? 1) <= 1 && info.uid === Deno.uid();
    return isOwn && isExactly(exactIdentity(info), wanted) ? info : undefined;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Removes a file if it is the one that is meant. */
export function removeExact(path: string, wanted: ExactIdentity): void {
  if (statExact(path, wanted)) removeQuietly(path);
}

/** Reads a file from its beginning, at most so many bytes. */
export async function readBeginning(file: Deno.FsFile, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.min(file.statSync().size, most));
  file.seekSync(0, Deno.SeekMode.Start);
  let at = 0;
  while (at < bytes.length) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
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

/** Removes a file that is open if it still has this name. */
export function removeOpened(path: string, file: Deno.FsFile): void {
  try {
    if (isSameFile(identityOf(Deno.lstatSync(path)), identityOf(file.statSync()))) Deno.removeSync(path);
  } catch {
    // The file is gone, or cannot be removed.
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
