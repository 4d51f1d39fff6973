/** Fingerprints of keys and certificates, in the form of OpenSSH. */

import { HASH_BYTES } from "../protocol/serve/proof.ts";

/** Returns `SHA256:` and the digest in base64 without padding. */
export function formatFingerprint(hash: Uint8Array): string {
  return `SHA256:${hash.toBase64({ omitPadding: true })}`;
}

/** Returns the digest of a fingerprint, HASH_BYTES bytes; undefined if the text is not a fingerprint. */
export function parseFingerprint(text: string): Uint8Array<ArrayBuffer> | undefined {
  // 43 characters of base64 without padding contain 256 bits and two zero bits.
  if (!/^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) return undefined;
  const hash = Uint8Array.fromBase64(text.slice("SHA256:".length));
  return hash.length === HASH_BYTES && formatFingerprint(hash) === text ? hash : undefined;
}

/** Returns the SHA-256 digest of a certificate in DER. */
export async function hashCertificate(der: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(der)));
}
