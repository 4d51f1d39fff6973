/** A transport whose bytes are there from the start, given out in random pieces. */

import type { Transport } from "../../src/net/transport.ts";
import type { RandomBytes } from "../support/random_bytes.ts";

/** Reads what it was made with; keeps what is written. */
export class MemoryTransport implements Transport {
  readonly written: Uint8Array[] = [];
  /** Largest piece that anyone had room for. */
  largestRead = 0;
  /** Where in the buffer each read began. */
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
    // Both ways of answering occur in practice.
    return this.#random && this.#random.below(2) === 0 ? Promise.resolve(count) : count;
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    this.written.push(buffer.slice(start, end));
    return end - start;
  }

  close(): void {}
}
