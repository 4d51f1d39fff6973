/** A transport in memory, which returns its bytes in random pieces. */

import type { Transport } from "../../src/net/transport.ts";
import type { RandomBytes } from "../support/files/random_bytes.ts";

/** Reads the bytes of its constructor, and keeps written bytes. */
export class MemoryTransport implements Transport {
  readonly written: Uint8Array[] = [];
  /** Maximum number of bytes that a read requested. */
  largestRead = 0;
  /** Offset in the buffer of each read. */
  readonly readStarts: number[] = [];
  #left: Uint8Array;
  readonly #random: RandomBytes | undefined;

  constructor(bytes: Uint8Array = new Uint8Array(), random?: RandomBytes) {
    this.#left = bytes;
    this.#random = random;
  }

  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | Promise<number> {
    this.largestRead = Math.max(this.largestRead, end - start);
    this.readStarts.push(start);
    const most = Math.min(end - start, this.#left.length);
    const count = most === 0 || !this.#random ? most : 1 + this.#random.below(most);
    buffer.set(this.#left.subarray(0, count), start);
    this.#left = this.#left.subarray(count);
    // Transports return numbers or promises.
    return this.#random && this.#random.below(2) === 0 ? Promise.resolve(count) : count;
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    this.written.push(buffer.slice(start, end));
    return end - start;
  }

  close(): void {}
}
