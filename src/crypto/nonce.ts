/** Nonces of one direction of one stream. They never repeat and never wrap. */

import { NONCE_BYTES, SALT_BYTES } from "./cipher.ts";

/** The last counter: a limit of 2**48 frames, which no transfer reaches. */
export const LAST_COUNTER = 2 ** 48 - 1;

/**
 * Nonces: salt (4 bytes) || kind (1) || counter (7, big-endian). The last eight bytes are the IV, which a frame carries
 * in the clear. No two nonces share a counter, even if their kinds differ.
 */
export class NonceSequence {
  /** The current nonce, which `advance` changes in place. The initial value is never used as a nonce. */
  readonly nonce: Uint8Array<ArrayBuffer> = new Uint8Array(new ArrayBuffer(NONCE_BYTES));
  #next: number;

  /**
   * @param salt SALT_BYTES bytes from the key schedule.
   * @param start the first counter. Only tests use another one than 0.
   */
  constructor(salt: Uint8Array, start = 0) {
    if (salt.byteLength !== SALT_BYTES) throw new RangeError("Cannot make nonces: the salt has a wrong length");
    if (!Number.isInteger(start) || start < 0 || start > LAST_COUNTER + 1) {
      throw new RangeError(`Cannot make nonces: the first counter cannot be ${start}`);
    }
    this.nonce.fill(0xff);
    this.nonce.set(salt);
    this.#next = start;
  }

  /** The next counter. With `start` 0, the number of nonces so far. */
  get count(): number {
    return this.#next;
  }

  /**
   * Makes the next nonce.
   *
   * @param kind kind of the frame, 0 to 255.
   * @throws {Error} if the counter is used up.
   */
  advance(kind: number): void {
    // Repeating a nonce with one AES-GCM key reveals the key stream, so stop instead of wrapping.
    if (this.#next > LAST_COUNTER) throw new Error("Cannot make a nonce: the counter is used up");
    if (!Number.isInteger(kind) || kind < 0 || kind > 0xff) {
      throw new RangeError(`Cannot make a nonce of kind ${kind}`);
    }
    const { nonce } = this;
    const counter = this.#next++;
    // Bitwise operators use only 32 bits. Dropping the upper bits would repeat nonces, so split the counter.
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
