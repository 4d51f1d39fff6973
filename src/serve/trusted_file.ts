/** Reads files that decide about trust. A file that other users can change is refused. */

import { quotePath, UserError } from "../errors.ts";
import { directoryOf } from "../files/path/local_path.ts";
import { codeOf, reasonOf } from "../files/stat/file_failure.ts";
import { ownUser } from "../files/target/directory_access.ts";

/** Maximum size of a file in bytes: about 8,000 keys. */
export const MAX_TRUSTED_BYTES = 1 << 20;

/** Size of the first buffer: most files fit into it. */
const FIRST_READ_BYTES = 4 << 10;

/** Reason to refuse a directory, FIFO or device. */
export const NOT_REGULAR = "it is not a regular file";

/**
 * Reads a text. The file must belong to this user or root, and so must its directories; others must not be able to write to
 * them, except to sticky ones such as /tmp, in which only owners replace files. As `StrictModes` of sshd_config(5), up to the
 * root directory. Links are followed. On Windows, owners are not checked.
 *
 * @returns undefined if the file does not exist.
 * @throws {UserError} if it cannot be read or trusted, is larger than MAX_TRUSTED_BYTES, or is not UTF-8.
 */
export function readTrustedFile(path: string): string | undefined {
  let real: string;
  let bytes: Uint8Array;
  try {
    // Opening a FIFO would wait. A descriptor such as /dev/fd/3 may have no real path.
    if (!Deno.statSync(path).isFile) throw refuse(path, NOT_REGULAR);
    real = Deno.realPathSync(path);
    using file = Deno.openSync(real);
    checkTrusted(path, real, file);
    bytes = readBeyond(file, MAX_TRUSTED_BYTES);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return undefined;
    throw code === undefined ? error : refuse(path, reasonOf(error), { cause: error });
  }
  if (bytes.length > MAX_TRUSTED_BYTES) throw refuse(path, `it is larger than ${MAX_TRUSTED_BYTES >> 20} MiB`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse(path, "it is not UTF-8 text", { cause });
  }
}

/**
 * Refuses an open file that other users can change or replace.
 *
 * @param path Name for messages.
 * @param real Path of the file without symbolic links.
 * @throws {UserError}
 */
export function checkTrusted(path: string, real: string, file: Deno.FsFile): void {
  const user = ownUser();
  if (user === undefined) return;
  const opened = file.statSync();
  if (!opened.isFile) throw refuse(path, NOT_REGULAR);
  checkOwner(path, real, opened, user, { sticky: false });
  checkTrustedDirectory(path, directoryOf(real));
}

/**
 * Refuses a directory in which other users can change or replace files, up to the root directory.
 *
 * @param path Name of a file in it, for messages.
 * @param real Path of the directory without symbolic links.
 * @throws {UserError}
 */
export function checkTrustedDirectory(path: string, real: string): void {
  const user = ownUser();
  if (user === undefined) return;
  for (let at = real;; at = directoryOf(at)) {
    checkOwner(path, at, Deno.lstatSync(at), user, { sticky: true });
    if (directoryOf(at) === at) return;
  }
}

/**
 * Reads a text as `readTrustedFile`, and refuses a file that other users can read.
 *
 * @param hint Advice after `Run chmod 600 on the file`.
 * @throws {UserError}
 */
export function readSecretFile(path: string, hint: string): string | undefined {
  const text = readTrustedFile(path);
  if (text === undefined || Deno.build.os === "windows" || !isOpen(Deno.statSync(path))) return text;
  throw new UserError(`Cannot use the key ${quotePath(path)}: other users may access it`, {
    hint: `Run chmod 600 on the file${hint}`,
  });
}

/** Returns whether other users than the owner may access a file. */
export function isOpen({ mode }: Deno.FileInfo): boolean {
  return mode !== null && (mode & 0o077) !== 0;
}

function checkOwner(
  path: string,
  of: string,
  { uid, mode }: Deno.FileInfo,
  user: number,
  options: { sticky: boolean },
): void {
  const name = of === path ? "it" : quotePath(of);
  if (uid !== user && uid !== 0) {
    throw refuse(path, `${name} belongs to another user`, { hint: `Make this user the owner of ${quotePath(of)}` });
  }
  const open = ((mode ?? 0) & 0o022) !== 0;
  if (!open || (options.sticky && ((mode ?? 0) & 0o1000) !== 0)) return;
  throw refuse(path, `other users may write to ${name}`, { hint: `Run chmod go-w ${quotePath(of)}` });
}

/** Reads an open file, but at most one byte more than is allowed, by which the caller recognizes a larger one. */
export function readBeyond(file: Deno.FsFile, maxBytes: number): Uint8Array<ArrayBuffer> {
  let buffer = new Uint8Array(Math.min(FIRST_READ_BYTES, maxBytes + 1));
  let length = 0;
  for (let count: number | null = 1; count && length <= maxBytes; length += count ?? 0) {
    if (length === buffer.length) buffer = new Uint8Array(buffer.buffer.transfer(Math.min(4 * length, maxBytes + 1)));
    count = file.readSync(buffer.subarray(length));
  }
  return buffer.subarray(0, length);
}

function refuse(path: string, reason: string, options: { hint?: string; cause?: unknown } = {}): UserError {
  return new UserError(`Cannot read ${quotePath(path)}: ${reason}`, options);
}
