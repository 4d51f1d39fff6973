/** The key and self-signed certificate of a server, in a file of its user. */

import { quotePath, UserError } from "../../errors.ts";
import { directoryOf } from "../../files/path/local_path.ts";
import { codeOf, failedDeno } from "../../files/stat/file_failure.ts";
import { MAX_CERTIFICATE_BYTES } from "../../protocol/serve/first_line.ts";
import { lockRecord, removeRecord } from "../../resume/lock_record.ts";
import { removeQuietly } from "../../resume/own_file.ts";
import { formatPem, type Identity, parsePem } from "../certificate.ts";
import { checkTrustedDirectory, isOpen, readSecretFile } from "../trusted_file.ts";

/**
 * Reads the file, or creates it with a new key if it does not exist.
 *
 * @throws {UserError} if other users can read or change it, it is damaged, or it cannot be read or created.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  return read(path) ?? await create(path);
}

function read(path: string): Identity | undefined {
  const text = readSecretFile(path, "; remove it if others may have read it, and a new key is made");
  if (text === undefined) return undefined;
  const certificate = parsePem("CERTIFICATE", text);
  const privateKey = parsePem("PRIVATE KEY", text);
  if (certificate && privateKey && certificate.length <= MAX_CERTIFICATE_BYTES) return { certificate, privateKey };
  throw new UserError(`Cannot use the key ${quotePath(path)}: it is damaged`, {
    hint: "Remove the file: a new key is made, and clients must trust its fingerprint",
  });
}

async function create(path: string): Promise<Identity> {
  const { createIdentity } = await import("./create_identity.ts");
  const identity = await createIdentity();
  try {
    const directory = directoryOf(path);
    Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
    checkTrustedDirectory(path, Deno.realPathSync(directory));
    return await writeFirst(path, identity);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    const { message, hint } = failedDeno("write", path, error);
    throw new UserError(message, { hint, cause: error });
  }
}

/**
 * Writes the file, unless another server has written it. A reader never sees a part of it. Uses no hard links, which some file
 * systems lack.
 *
 * @returns the identity in the file.
 */
async function writeFirst(path: string, identity: Identity): Promise<Identity> {
  const lock = `${path}.lock`;
  const locked = await lockRecord(lock);
  try {
    const written = read(path);
    if (written) return written;
    if (!locked) throw new UserError(`Cannot write ${quotePath(path)}: another process has locked ${quotePath(lock)}`);
    const temporary = `${path}.new`;
    // A server that was killed may have left it.
    removeQuietly(temporary);
    writeNew(path, temporary, identity);
    Deno.renameSync(temporary, path);
    return identity;
  } finally {
    if (locked) removeRecord(lock, locked);
  }
}

/** @param path Name for messages. */
function writeNew(path: string, temporary: string, { certificate, privateKey }: Identity): void {
  const mode = Deno.build.os === "windows" ? undefined : 0o600;
  using file = Deno.openSync(temporary, { write: true, createNew: true, mode });
  try {
    if (mode !== undefined && isOpen(file.statSync())) {
      throw new UserError(`Cannot write the key ${quotePath(path)}: its file system lets other users read it`, {
        hint: "Mount it with umask=077, or set XDG_CONFIG_HOME to a directory on another file system",
      });
    }
    const text = formatPem("CERTIFICATE", certificate) + formatPem("PRIVATE KEY", privateKey);
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}
