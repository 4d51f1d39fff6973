/** Private Ed25519 keys in files of OpenSSH (PROTOCOL.key of OpenSSH). */

import { equals } from "../../bytes.ts";
import { messageOf, quotePath, UserError } from "../../errors.ts";
import { codeOf, reasonOf } from "../../files/stat/file_failure.ts";
import { FormatError, SshReader } from "../../protocol/serve/ssh_strings.ts";
import { NOT_REGULAR, readBeyond } from "../trusted_file.ts";
import type { KeySigner } from "./key_signer.ts";
import {
  decodeBase64,
  KEY_BYTES,
  KEY_TYPE,
  parsePublicKeyBlob,
  type PublicKey,
  unsupportedType,
  verifySignature,
} from "./public_key.ts";

/** Maximum size of a key file in bytes. An Ed25519 key has about 400. */
const MAX_BYTES = 64 << 10;

const MAGIC = "openssh-key-v1\0";

/** The bytes of PKCS #8 before the seed (RFC 8410, section 7). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");

const DIFFERENT_PARTS = "its public and private parts differ";

/** Contents of a key file. */
interface KeyPair {
  /** KEY_BYTES secret bytes, from which both keys follow. */
  readonly seed: Uint8Array;
  readonly publicKey: PublicKey;
}

/** A private key file has a passphrase. */
export class PassphraseError extends FormatError {
  override name = "PassphraseError";
}

/**
 * Reads a private key file.
 *
 * @returns undefined if the file does not exist.
 * @throws {UserError} if it cannot be read, other users may read it, or it does not contain an Ed25519 key without a
 * passphrase.
 */
export async function readPrivateKey(path: string): Promise<KeySigner | undefined> {
  let text: string | undefined;
  try {
    text = readText(path);
    return text === undefined ? undefined : await parsePrivateKey(text);
  } catch (error) {
    throw explain(path, error);
  }
}

/**
 * Parses the text of a private key file.
 *
 * @throws {PassphraseError} if the key is encrypted.
 * @throws {FormatError}
 */
export async function parsePrivateKey(text: string): Promise<KeySigner> {
  const [, label, body] = /^\s*-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([^-]*)-----END \1-----\s*$/.exec(text) ?? [];
  if (label === undefined) throw new FormatError("the key", "it is not a private key of OpenSSH");
  if (label !== "OPENSSH PRIVATE KEY") {
    throw new FormatError("the key", `its format is "${label}", not that of OpenSSH`);
  }
  return await importKey(parseKeyFile(decodeBase64(body.replaceAll(/[\r\n]/g, ""), "the key")));
}

/** Returns the seed and the public key. @throws {FormatError} */
function parseKeyFile(bytes: Uint8Array): KeyPair {
  const reader = new SshReader(bytes, "the key");
  if (!equals(reader.bytes(MAGIC.length), new TextEncoder().encode(MAGIC))) {
    throw reader.error("it is not a private key of OpenSSH");
  }
  const cipher = reader.ascii();
  const derivation = reader.ascii();
  reader.string();
  if (reader.uint32() !== 1) throw reader.error("it must contain one key");
  const publicKey = parsePublicKeyBlob(reader.string());
  if (cipher !== "none" || derivation !== "none") throw new PassphraseError("the key", "it has a passphrase");
  const secret = new SshReader(reader.string(), "the key");
  reader.end();
  return { seed: parseSecret(secret, publicKey), publicKey };
}

/** Returns the seed from the private part of a key file. @throws {FormatError} */
function parseSecret(reader: SshReader, publicKey: PublicKey): Uint8Array {
  if (reader.uint32() !== reader.uint32()) throw reader.error("it is damaged");
  const type = reader.ascii();
  if (type !== KEY_TYPE) throw reader.error(unsupportedType(type));
  const raw = reader.string();
  const pair = reader.string();
  reader.string();
  const isPair = pair.length === 2 * KEY_BYTES && equals(pair.subarray(KEY_BYTES), raw) && equals(raw, publicKey.raw);
  if (!isPair) throw reader.error(DIFFERENT_PARTS);
  for (let count = 1; reader.left > 0; count++) {
    if (reader.byte() !== count) throw reader.error("it is damaged");
  }
  return pair.subarray(0, KEY_BYTES);
}

async function importKey({ seed, publicKey }: KeyPair): Promise<KeySigner> {
  const pkcs8 = new Uint8Array(PKCS8_PREFIX.length + KEY_BYTES);
  pkcs8.set(PKCS8_PREFIX);
  pkcs8.set(seed, PKCS8_PREFIX.length);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  pkcs8.fill(0);
  const sign = async (data: Uint8Array) =>
    new Uint8Array(await crypto.subtle.sign("Ed25519", key, new Uint8Array(data)));
  const sample = new Uint8Array();
  if (!await verifySignature(publicKey, await sign(sample), sample)) throw new FormatError("the key", DIFFERENT_PARTS);
  return { publicKey, sign };
}

/** Returns the text of a key file; undefined if it does not exist. */
function readText(path: string): string | undefined {
  let file: Deno.FsFile;
  try {
    // Opening a FIFO would wait, and reading a terminal.
    if (!Deno.statSync(path).isFile) throw new UserError(`Cannot read the key ${quotePath(path)}: ${NOT_REGULAR}`);
    file = Deno.openSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  using opened = file;
  checkMode(path, opened.statSync());
  const bytes = readBeyond(opened, MAX_BYTES);
  if (bytes.length > MAX_BYTES) throw new FormatError("the key", `it is larger than ${MAX_BYTES >> 10} KiB`);
  return new TextDecoder().decode(bytes);
}

/** Refuses a file of this user that others may read, as ssh does. @throws {UserError} */
function checkMode(path: string, { uid, mode }: Deno.FileInfo): void {
  if (Deno.build.os === "windows" || mode === null || (mode & 0o077) === 0 || uid !== Deno.uid()) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw new UserError(`Cannot use the key ${quotePath(path)}: other users may access it (mode ${octal})`, {
    hint: "Run chmod 600 on the file",
  });
}

function explain(path: string, error: unknown): unknown {
  if (error instanceof UserError) return error;
  const message = (reason: string) => `Cannot read the key ${quotePath(path)}: ${reason}`;
  if (error instanceof PassphraseError) {
    return new UserError(message(error.reason), {
      hint: "Add it to ssh-agent (ssh-add), which asks for the passphrase",
      cause: error,
    });
  }
  if (error instanceof FormatError) {
    return new UserError(message(error.reason), { hint: "Make a key with ssh-keygen -t ed25519", cause: error });
  }
  if (codeOf(error) !== undefined) return new UserError(message(reasonOf(error)), { cause: error });
  return error instanceof DOMException ? new UserError(message(messageOf(error)), { cause: error }) : error;
}
