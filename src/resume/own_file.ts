/** Opens and removes files only if they belong to this user and were not replaced. */

import { codeOf } from "../files/stat/file_failure.ts";
import { type ExactIdentity, exactIdentity, identityOf, isExactly, isSameFile } from "../files/stat/file_identity.ts";

/** Parses an identity from a record; undefined if it is invalid. */
export function parseIdentity({ dev, inode, birthMs }: Readonly<Record<string, unknown>>): ExactIdentity | undefined {
  if (typeof dev !== "number" || typeof inode !== "number") return undefined;
  if (birthMs !== null && typeof birthMs !== "number") return undefined;
  return { dev, inode, birthMs };
}

/** Open mode and owner of a file. */
export interface OwnFileOptions {
  write?: boolean;
  append?: boolean;
  /** Required owner; null on systems without owners. Default: this user. */
  owner?: number | null;
}

/**
 * Opens an existing file. In a directory that others can write to, an attacker may have placed a link, or a file that they
 * still have open. Such files are refused.
 *
 * @returns undefined if the file does not exist.
 * @throws {Deno.errors.PermissionDenied} if it is not a regular file of this user, or has other names.
 */
export function openOwnFile(path: string, { owner, ...mode }: OwnFileOptions = {}): Deno.FsFile | undefined {
  try {
    if (!Deno.lstatSync(path).isFile) throw notOwnFile(path);
    const file = Deno.openSync(path, { read: !mode.append, ...mode });
    if (isStill(path, file, owner)) return file;
    file.close();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  throw notOwnFile(path);
}

/** Creates a file that only this user can access. Returns undefined if another process has just created it. */
export function createOwnFile(path: string): Deno.FsFile | undefined {
  try {
    const mode = Deno.build.os === "windows" ? undefined : 0o600;
    return Deno.openSync(path, { read: true, write: true, createNew: true, mode });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return undefined;
    throw error;
  }
}

/**
 * Opens a file for reading and writing if it has this identity and belongs to this user. Does not block, even if the file
 * was replaced by a FIFO (fifo(7)).
 *
 * @returns undefined if it is another file, or cannot be opened.
 * @throws the system's error if it lacks resources. The file may have this identity.
 */
export function openExactFile(path: string, identity: ExactIdentity): Deno.FsFile | undefined {
  let file: Deno.FsFile | undefined;
  try {
    file = openOwnFile(path, { write: true });
    if (file && isExactly(exactIdentity(file.statSync()), identity)) return file;
  } catch (error) {
    if (codeOf(error) === undefined || lacksResources(error)) throw error;
  }
  file?.close();
  return undefined;
}

/** Returns whether an error means that the process or the system lacks descriptors or memory at the moment. */
export function lacksResources(error: unknown): boolean {
  return ["EMFILE", "ENFILE", "ENOMEM"].includes(codeOf(error) ?? "");
}

/** Returns the attributes of a file if it has this identity and belongs to this user; undefined otherwise. */
export function statExact(path: string, identity: ExactIdentity): Deno.FileInfo | undefined {
  try {
    const info = Deno.lstatSync(path);
    const isOwn = info.isFile && (info.nlink ?? 1) <= 1 && info.uid === Deno.uid();
    return isOwn && isExactly(exactIdentity(info), identity) ? info : undefined;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Removes a file if it has this identity and belongs to this user. */
export function removeExact(path: string, identity: ExactIdentity): void {
  if (statExact(path, identity)) removeQuietly(path);
}

/** Reads at most `maxBytes` from the beginning of a file. */
export async function readBeginning(file: Deno.FsFile, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.min(file.statSync().size, maxBytes));
  file.seekSync(0, Deno.SeekMode.Start);
  let at = 0;
  while (at < bytes.length) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

/** Writes all bytes at an offset. */
export function writeAt(file: Deno.FsFile, offset: number, bytes: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Returns whether a path still names the open file, and the file belongs to the owner and has no other name. */
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

/** Removes an open file if the path still names it. */
export function removeOpened(path: string, file: Deno.FsFile): void {
  try {
    if (isSameFile(identityOf(Deno.lstatSync(path)), identityOf(file.statSync()))) Deno.removeSync(path);
  } catch {
    // The file is gone, or cannot be removed.
  }
}

/** Removes a file. Ignores errors: a later run recognizes a remaining file as foreign or old. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The file is gone, or cannot be removed.
  }
}

/** Returns the error for a file that this user must not use. */
export function notOwnFile(path: string): Error {
  return new Deno.errors.PermissionDenied(`${path} is not a file of this user's own`);
}
