/** Derives a key for each stream and direction from the secret in the hello line. Pure: uses no randomness. */

import { type CipherName, type DirectionKey, KEY_BYTES, SALT_BYTES } from "./cipher.ts";

/** Length of the session's secret, and of the client's random bytes. */
export const SECRET_BYTES = 32;

/** Input of all stream keys: plain data, as confidential as the secret. */
export interface SessionKey {
  /** secret || clientRandom, the input keying material of HKDF. */
  material: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the transcript, the salt of HKDF. */
  transcriptHash: Uint8Array<ArrayBuffer>;
}

/** The keys of one stream. */
export interface StreamKeys {
  /** Key of frames from the client to the remote end. */
  toRemote: DirectionKey;
  /** Key of frames from the remote end to the client. */
  toClient: DirectionKey;
}

/** Returns the bytes of both lines, from which the keys are derived. */
export function transcript(hello: string, start: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${hello}\n${start}\n`);
}

/**
 * Derives the input of all stream keys. Ends that saw different lines get different keys, so a change of the
 * negotiation is detected.
 *
 * @param secret SECRET_BYTES random bytes from the remote end.
 * @param clientRandom SECRET_BYTES random bytes from the client.
 * @param transcript the hello line and the start line, as they were on the wire.
 */
export async function deriveSessionKey(
  secret: Uint8Array,
  clientRandom: Uint8Array,
  transcript: Uint8Array,
): Promise<SessionKey> {
  if (secret.byteLength !== SECRET_BYTES || clientRandom.byteLength !== SECRET_BYTES) {
    throw new RangeError(`Cannot derive keys: the secret and the random bytes must be ${SECRET_BYTES} bytes each`);
  }
  const material = new Uint8Array(2 * SECRET_BYTES);
  material.set(secret);
  material.set(clientRandom, SECRET_BYTES);
  const transcriptHash = await crypto.subtle.digest("SHA-256", transcript as Uint8Array<ArrayBuffer>);
  return { material, transcriptHash: new Uint8Array(transcriptHash) };
}

/**
 * Derives the two keys of a stream. HKDF with the info "escp 1 stream" || cipher || direction || stream number yields
 * key || salt. The direction is "to remote" or "to client"; the number has four bytes, big-endian.
 *
 * @param stream 0 to 2**32 - 1. A stream that replaces a broken one must have a new number.
 */
export async function deriveStreamKeys(session: SessionKey, cipher: CipherName, stream: number): Promise<StreamKeys> {
  if (!Number.isInteger(stream) || stream < 0 || stream > 0xffffffff) {
    throw new RangeError(`Cannot derive keys for stream ${stream}`);
  }
  const [toRemote, toClient] = await Promise.all([
    deriveDirection(session, cipher, "to remote", stream),
    deriveDirection(session, cipher, "to client", stream),
  ]);
  return { toRemote, toClient };
}

async function deriveDirection(
  session: SessionKey,
  cipher: CipherName,
  direction: "to remote" | "to client",
  stream: number,
): Promise<DirectionKey> {
  // All cipher names have the same length, and all directions too. So two different inputs never give the same string.
  const text = new TextEncoder().encode(`escp 1 stream${cipher}${direction}`);
  const info = new Uint8Array(text.length + 4);
  info.set(text);
  new DataView(info.buffer).setUint32(text.length, stream);
  const keyBytes = KEY_BYTES[cipher];
  const bytes = await hkdfSha256(session.material, session.transcriptHash, info, keyBytes + SALT_BYTES);
  return { cipher, key: bytes.slice(0, keyBytes), salt: bytes.slice(keyBytes) };
}

/**
 * Derives bytes by HKDF with SHA-256 (RFC 5869), extract and expand.
 *
 * @param bytes number of bytes, 1 to 8160.
 */
export async function hkdfSha256(
  material: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  info: Uint8Array<ArrayBuffer>,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, bytes * 8);
  return new Uint8Array(bits);
}
