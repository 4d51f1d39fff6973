/** The key and certificate of a server, in a file of its user. */

import { quotePath, UserError } from "../../errors.ts";
import { directoryOf } from "../../files/path/local_path.ts";
import { codeOf, failedDeno } from "../../files/stat/file_failure.ts";
import { MAX_CERTIFICATE_BYTES } from "../../protocol/serve/first_line.ts";
import { createIdentity, formatPem, type Identity, parsePem } from "../certificate.ts";
import { readTrustedFile } from "../trusted_file.ts";

/**
 * Reads the file, or creates it with a new key if it does not exist.
 *
 * @throws {UserError} if other users can read or change it, it is damaged, or it cannot be read or created.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  return read(path) ?? await create(path);
}

function read(path: string): Identity | undefined {
  const text = readTrustedFile(path);
  if (text === undefined) return undefined;
  const { mode } = Deno.statSync(path);
  if (mode !== null && (mode & 0o077) !== 0 && Deno.build.os !== "windows") {
    throw new UserError(`Cannot use the key ${quotePath(path)}: other users may access it`, {
      hint: `Run chmod 600 on the file; remove it if others may have read it, and a new key is made`,
    });
  }
  const certificate = parsePem("CERTIFICATE", text);
  const privateKey = parsePem("PRIVATE KEY", text);
  if (certificate && privateKey && certificate.length <= MAX_CERTIFICATE_BYTES) return { certificate, privateKey };
  throw new UserError(`Cannot use the key ${quotePath(path)}: it is damaged`, {
    hint: "Remove the file: a new key is made, and clients must trust its fingerprint",
  });
}

async function create(path: string): Promise<Identity> {
  const identity = await createIdentity();
  const text = formatPem("CERTIFICATE", identity.certificate) + formatPem("PRIVATE KEY", identity.privateKey);
  // A reader never sees a part of the file, and of two servers that start at once both use the first one's key.
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    Deno.mkdirSync(directoryOf(path), { recursive: true, mode: 0o700 });
    writeNew(temporary, text);
    try {
      Deno.linkSync(temporary, path);
    } finally {
      Deno.removeSync(temporary);
    }
  } catch (error) {
    const created = codeOf(error) === "EEXIST" ? read(path) : undefined;
    if (created) return created;
    if (codeOf(error) === undefined) throw error;
    const { message, hint } = failedDeno("write", path, error);
    throw new UserError(message, { hint, cause: error });
  }
  // Checks the directory.
  return read(path) ?? identity;
}

function writeNew(path: string, text: string): void {
  const mode = Deno.build.os === "windows" ? undefined : 0o600;
  using file = Deno.openSync(path, { write: true, createNew: true, mode });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  file.syncSync();
}
