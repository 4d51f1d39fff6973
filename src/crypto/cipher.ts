/** AES-GCM as the streams use it: in place, one key for each direction of each stream. */

import { CorruptionError } from "../errors.ts";

/** The ciphers of escp, by the names that go on the wire. */
export type CipherName = "aes-128-gcm" | "aes-256-gcm";

/** All of them, the default first. */
export const CIPHER_NAMES: readonly CipherName[] = ["aes-128-gcm", "aes-256-gcm"];

/** Length of the key of each cipher. */
export const KEY_BYTES: Record<CipherName, number> = { "aes-128-gcm": 16, "aes-256-gcm": 32 };

/** Length of the tag: never cut short. */
export const TAG_BYTES = 16;

/** Length of the nonce: 96 bits, the only length that GCM uses as it is (NIST SP 800-38D, 8.2.1). */
export const NONCE_BYTES = 12;

/** Length of the part of the nonce that comes from the key schedule. */
export const SALT_BYTES = 4;

/** One direction of one stream: plain data, so that it can be posted to a Worker. */
export interface DirectionKey {
  cipher: CipherName;
  /** KEY_BYTES[cipher] bytes. */
  key: Uint8Array;
  /** SALT_BYTES bytes, the start of every nonce of this direction. */
  salt: Uint8Array;
}

/**
 * Seals or opens the messages of one direction.
 *
 * Both calls work in place on `bytes`, whose layout is: authenticated only in [aadStart, start), payload (may be empty)
 * in [start, end), tag in [end, end + TAG_BYTES). The nonce and the bytes must be left alone until a returned promise
 * settles; only WebCrypto returns one. Argument errors (RangeError) and use after `close()` are bugs of the caller.
 */
export interface Cipher {
  /** Encrypts the payload and writes the tag behind it. A nonce must never be used twice under one key. */
  seal(
    nonce: Uint8Array,
    bytes: Uint8Array<ArrayBuffer>,
    aadStart: number,
    start: number,
    end: number,
  ): void | Promise<void>;
  /**
   * Checks the tag and decrypts the payload.
   *
   * @throws {CorruptionError} "bad-tag" when anything is not as it was sealed; the payload is then all zero.
   */
  open(
    nonce: Uint8Array,
    bytes: Uint8Array<ArrayBuffer>,
    aadStart: number,
    start: number,
    end: number,
  ): void | Promise<void>;
  /** Frees what the engine holds. Harmless when repeated. */
  close(): void;
}

/** What makes ciphers. */
export interface CipherEngine {
  readonly name: "portable" | "native";
  /** Whose code does the work, such as "OpenSSL 3.0.19" or "WebCrypto". */
  readonly library: string;
  /** @throws {RangeError} when the key or the salt has a wrong length. */
  create(key: DirectionKey): Cipher | Promise<Cipher>;
}

/** An engine whose work is done when the call returns. */
export interface SyncCipherEngine extends CipherEngine {
  create(key: DirectionKey): SyncCipher;
}

/** As `Cipher`, but never a promise. */
export interface SyncCipher extends Cipher {
  seal(nonce: Uint8Array, bytes: Uint8Array<ArrayBuffer>, aadStart: number, start: number, end: number): void;
  open(nonce: Uint8Array, bytes: Uint8Array<ArrayBuffer>, aadStart: number, start: number, end: number): void;
}

/** What `open` throws when the tag does not fit. */
export function badTag(): CorruptionError {
  return new CorruptionError("bad-tag", "A message was changed on its way, or sealed with another key");
}

/** @throws {RangeError} when the key or the salt has a wrong length. */
export function checkKey(key: DirectionKey): void {
  if (key.key.byteLength !== KEY_BYTES[key.cipher] || key.salt.byteLength !== SALT_BYTES) {
    throw new RangeError(`Cannot use a key for ${key.cipher}: its length is wrong`);
  }
}

/** @throws {RangeError} when the ranges of a message do not lie within its bytes, or the nonce has a wrong length. */
export function checkMessage(nonce: Uint8Array, bytes: Uint8Array, aadStart: number, start: number, end: number): void {
  // The native engine writes to bare addresses, so nothing outside may pass: no NaN, no fraction, no detached buffer.
  const inside = Number.isInteger(aadStart) && Number.isInteger(start) && Number.isInteger(end) &&
    0 <= aadStart && aadStart <= start && start <= end && end + TAG_BYTES <= bytes.byteLength && end <= MAX_END;
  if (!inside || nonce.byteLength !== NONCE_BYTES) {
    throw new RangeError(
      `Cannot seal or open [${aadStart}, ${start}, ${end}) of ${bytes.byteLength} bytes with a nonce of ${nonce.byteLength}`,
    );
  }
}

// libcrypto counts in int.
const MAX_END = 0x7fffffff;
