/** Ed25519 keys in the files of OpenSSH, made without ssh-keygen. */

import { concat } from "@std/bytes/concat";

/** A key pair. */
export interface ClientKey {
  /** Private key file. */
  readonly file: string;
  /** Public key as in a line of authorized_keys, without a comment. */
  readonly line: string;
}

/** Creates a key. */
export async function createKey(): Promise<ClientKey> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  // The seed is at the end of PKCS #8 (RFC 8410, section 7).
  const seed = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)).slice(-32);
  const blob = concat([string("ssh-ed25519"), string(raw)]);
  const checks = concat([number(1), number(1)]);
  const secret = concat([checks, blob, string(concat([seed, raw])), string("")]);
  const padding = Uint8Array.from({ length: -secret.length & 7 }, (_, index) => index + 1);
  const file = concat([
    new TextEncoder().encode("openssh-key-v1\0"),
    ...[string("none"), string("none"), string(""), number(1), string(blob), string(concat([secret, padding]))],
  ]);
  const body = file.toBase64().replace(/.{70}(?=.)/g, "$&\n");
  return {
    file: `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`,
    line: `ssh-ed25519 ${blob.toBase64()}`,
  };
}

function number(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function string(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return concat([number(bytes.length), bytes]);
}
