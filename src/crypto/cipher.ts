/** AES-GCM for streams: in place, with a separate key for each direction of each stream. */

import { CorruptionError } from "../errors.ts";

/** Name of a cipher on the wire. */
export type CipherName = "aes-128-gcm" | "aes-256-gcm";

/** All ciphers, the default first. */
export const CIPHER_NAMES: readonly CipherName[] = ["aes-128-gcm", "aes-256-gcm"];

/** Key length of each cipher, in bytes. */
export const KEY_BYTES: Record<CipherName, number> = { "aes-128-gcm": 16, "aes-256-gcm": 32 };

/** Length of the tag. It is never truncated. */
export const TAG_BYTES = 16;

/** Length of the nonce: 96 bits, the only length that GCM does not hash (NIST SP 800-38D, 7.1). */
export const NONCE_BYTES = 12;

/** Length of the start of the nonce, which the key schedule derives. */
export const SALT_BYTES = 4;

/** The key of one direction of one stream: plain data that can be posted to a Worker. */
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
 * Both calls work in place on `bytes`: additional authenticated data in [aadStart, start), payload (may be empty) in
 * [start, end), tag in [end, end + TAG_BYTES). The caller must not touch the nonce and the bytes until a returned promise
 * settles; only WebCrypto returns one. Argument errors (RangeError) and use after `close()` are bugs of the caller.
 */
export interface Cipher {
  /** Encrypts the payload and writes the tag after it. A nonce must never be used twice with one key. */
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
   * @throws {CorruptionError} code "bad-tag" if a byte of the frame was changed; the payload is then all zeros.
   */
  open(
    nonce: Uint8Array,
    bytes: Uint8Array<ArrayBuffer>,
    aadStart: number,
    start: number,
    end: number,
  ): void | Promise<void>;
  /** Frees the key and the resources of the engine. Repeated calls have no effect. */
  close(): void;
}

/** An implementation of the ciphers. */
export interface CipherEngine {
  readonly name: "portable" | "native";
  /** Name of the library, such as "OpenSSL 3.0.19" or "WebCrypto". */
  readonly library: string;
  /** Path of the library's file. Undefined if unknown, or part of the runtime. */
  readonly libraryPath?: string;
  /** Creates a cipher. @throws {RangeError} if the key or the salt has a wrong length. */
  create(key: DirectionKey): Cipher | Promise<Cipher>;
}

/** An engine whose ciphers are synchronous. */
export interface SyncCipherEngine extends CipherEngine {
  create(key: DirectionKey): SyncCipher;
}

/** A cipher that never returns a promise. */
export interface SyncCipher extends Cipher {
  seal(nonce: Uint8Array, bytes: Uint8Array<ArrayBuffer>, aadStart: number, start: number, end: number): void;
  open(nonce: Uint8Array, bytes: Uint8Array<ArrayBuffer>, aadStart: number, start: number, end: number): void;
}

/** Returns the error that `open` throws for a wrong tag. */
export function badTag(): CorruptionError {
  return new CorruptionError(
    "bad-tag",
    "Cannot accept a frame: its tag is wrong (changed in transit, or encrypted with a different key)",
  );
}

/** Checks a key. @throws {RangeError} if the key or the salt has a wrong length. */
export function checkKey(key: DirectionKey): void {
  if (key.key.byteLength !== KEY_BYTES[key.cipher] || key.salt.byteLength !== SALT_BYTES) {
    throw new RangeError(`Cannot use a key for ${key.cipher}: its length is wrong`);
  }
}

/** Checks the arguments of a call. @throws {RangeError} if a range is outside the bytes, or the nonce has a wrong length. */
export function checkMessage(nonce: Uint8Array, bytes: Uint8Array, aadStart: number, start: number, end: number): void {
  // The native engine writes to raw addresses, so reject everything else: NaN, fractions, detached buffers.
  const inside = Number.isInteger(aadStart) && Number.isInteger(start) && Number.isInteger(end) &&
    0 <= aadStart && aadStart <= start && start <= end && end + TAG_BYTES <= bytes.byteLength && end <= MAX_END;
  if (!inside || nonce.byteLength !== NONCE_BYTES) {
    throw new RangeError(
      `Cannot seal or open [${aadStart}, ${start}, ${end}) of ${bytes.byteLength} bytes with a nonce of ${nonce.byteLength}`,
    );
  }
}

// Lengths in libcrypto are of type int.
const MAX_END = 0x7fffffff;
