/** Public Ed25519 keys of OpenSSH (RFC 8709; sshd(8), "AUTHORIZED_KEYS FILE FORMAT"). */

import { SIGNATURE_BYTES } from "../../protocol/serve/login_messages.ts";
import { FormatError, SshReader, sshString } from "../../protocol/serve/ssh_strings.ts";
import { concat } from "../../bytes.ts";
import { escapePath } from "../../errors.ts";
import { formatFingerprint } from "../fingerprint.ts";

/** The only supported key type. */
export const KEY_TYPE = "ssh-ed25519";

/** Length of a raw Ed25519 public key, and of the seed of a private key, in bytes. */
export const KEY_BYTES = 32;

/** An Ed25519 public key. */
export interface PublicKey {
  /** Key in the format of RFC 8709: its type and the raw key, each after its length. */
  readonly blob: Uint8Array<ArrayBuffer>;
  /** KEY_BYTES bytes. */
  readonly raw: Uint8Array<ArrayBuffer>;
}

/** Returns the key of KEY_BYTES raw bytes. */
export function publicKeyOf(raw: Uint8Array): PublicKey {
  return { blob: concat([sshString(KEY_TYPE), sshString(raw)]), raw: new Uint8Array(raw) };
}

/** Parses a key in the format of RFC 8709. @throws {FormatError} if it has another type or format. */
export function parsePublicKeyBlob(blob: Uint8Array): PublicKey {
  const reader = new SshReader(blob, "the public key");
  const type = reader.ascii();
  if (type !== KEY_TYPE) throw reader.error(unsupportedType(type));
  const raw = reader.string();
  if (raw.length !== KEY_BYTES) throw reader.error(`it has ${raw.length} bytes, not ${KEY_BYTES}`);
  reader.end();
  return publicKeyOf(raw);
}

/** Returns the reason for which a key of another type is refused. */
export function unsupportedType(type: string): string {
  return `its type is ${escapePath(type.slice(0, 64))}, and only ${KEY_TYPE} is supported`;
}

/**
 * Parses a line of a public key file: `ssh-ed25519 BASE64 [comment]`.
 *
 * @throws {FormatError}
 */
export function parsePublicKeyLine(line: string): { key: PublicKey; comment: string } {
  const [, type, base64, comment] = /^[ \t]*(\S+)[ \t]+(\S+)(?:[ \t]+(.*?))?[ \t]*$/s.exec(line) ?? [];
  if (type === undefined) throw new FormatError("the public key", "it must have the form TYPE BASE64 COMMENT");
  if (type !== KEY_TYPE) throw new FormatError("the public key", unsupportedType(type));
  return { key: parsePublicKeyBlob(decodeBase64(base64, "the public key")), comment: comment ?? "" };
}

/** Formats a key as a line of a public key file, without a line break. */
export function formatPublicKeyLine({ blob }: PublicKey, comment: string = ""): string {
  return `${KEY_TYPE} ${blob.toBase64()}${comment === "" ? "" : ` ${comment}`}`;
}

/** Returns the fingerprint as ssh-keygen prints it: `SHA256:` and the digest in base64 without padding. */
export async function fingerprintOf({ blob }: PublicKey): Promise<string> {
  return formatFingerprint(new Uint8Array(await crypto.subtle.digest("SHA-256", blob)));
}

/** Returns whether the signature of the data is valid. */
export async function verifySignature(
  { raw }: PublicKey,
  signature: Uint8Array,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, new Uint8Array(signature), data);
  } catch (error) {
    // The bytes are not a point of the curve.
    if (error instanceof DOMException) return false;
    throw error;
  }
}

/**
 * Decodes base64 with padding and without spaces.
 *
 * @param object Name of the thing that is decoded, for errors.
 * @throws {FormatError}
 */
export function decodeBase64(text: string, object: string): Uint8Array<ArrayBuffer> {
  try {
    if (/\s/.test(text)) throw new SyntaxError("space");
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch (cause) {
    throw new FormatError(object, "it is not valid base64", { cause });
  }
}
