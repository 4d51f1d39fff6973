/** The nonces of one direction of one stream: they never repeat and never wrap. */

import { NONCE_BYTES, SALT_BYTES } from "./cipher.ts";

/** The last counter that is used: a limit that no transfer reaches (2^48 messages). */
export const LAST_COUNTER = 2 ** 48 - 1;

/**
 * A counter, written into a nonce: salt (4 bytes) || kind (1) || counter (7, big-endian). The last eight bytes are the
 * IV that a message carries in the clear. No two nonces share a counter, whatever their kinds are.
 */
export class NonceSequence {
  /** The present nonce, changed in place by `advance`; before the first one it is a nonce that is never used. */
  readonly nonce: Uint8Array<ArrayBuffer> = new Uint8Array(new ArrayBuffer(NONCE_BYTES));
  #next: number;

  /**
   * @param salt SALT_BYTES bytes from the key schedule.
   * @param start the first counter; other than 0 only in tests.
   */
  constructor(salt: Uint8Array, start = 0) {
    if (salt.byteLength !== SALT_BYTES) throw new RangeError("Cannot make nonces: the salt has a wrong length");
    if (!Number.isInteger(start) || start < 0 || start > LAST_COUNTER + 1) {
      throw new RangeError(`Cannot make nonces from ${start} on`);
    }
    this.nonce.fill(0xff);
    this.nonce.set(salt);
    this.#next = start;
  }

  /** The counter that the next nonce gets; with the usual start, the number of nonces made so far. */
  get count(): number {
    return this.#next;
  }

  /**
   * Makes the next nonce.
   *
   * @param kind what the message carries, 0..255.
   * @throws {Error} when the counter is used up.
   */
  advance(kind: number): void {
    // Repeating a nonce under one AES-GCM key reveals the key stream, so stop instead of wrapping.
    if (this.#next > LAST_COUNTER) throw new Error("Cannot make a nonce: the counter is used up");
    if (!Number.isInteger(kind) || kind < 0 || kind > 0xff) {
      throw new RangeError(`Cannot make a nonce of kind ${kind}`);
    }
    const { nonce } = this;
    const counter = this.#next++;
    // In two halves: the operators on bits take 32 bits only, and dropping the upper ones would repeat nonces.
    const high = Math.floor(counter / 2 ** 32);
    nonce[4] = kind;
    nonce[5] = high >>> 16;
    nonce[6] = high >>> 8;
    nonce[7] = high;
    nonce[8] = counter >>> 24;
    nonce[9] = counter >>> 16;
    nonce[10] = counter >>> 8;
    nonce[11] = counter;
  }
}
