/** A NUL-terminated name that contains a counter of eight hexadecimal digits, incremented in place. */

import { PinnedBuffer } from "./pinned_buffer.ts";

const DIGITS = 8;
const HEX = new TextEncoder().encode("0123456789abcdef");

export class NameCounter {
  readonly #scratch: PinnedBuffer;
  readonly #digitsAt: number;
  readonly #length: number;
  #count = 0;

  constructor(before: string, after: string) {
    const name = new TextEncoder().encode(before + "0".repeat(DIGITS) + after);
    this.#scratch = new PinnedBuffer(name.length + 1);
    this.#scratch.putName(name);
    this.#digitsAt = name.length - after.length - DIGITS;
    this.#length = name.length;
  }

  /** Address of the name. `next` changes the bytes at this address. */
  get address(): number {
    return this.#scratch.address;
  }

  /** Increments the counter. */
  next(): void {
    let rest = ++this.#count;
    const bytes = this.#scratch.bytes;
    for (let at = this.#digitsAt + DIGITS - 1; at >= this.#digitsAt; at--) {
      bytes[at] = HEX[rest & 15];
      rest >>>= 4;
    }
  }

  /** Returns the current name. */
  text(): string {
    return new TextDecoder().decode(this.#scratch.bytes.subarray(0, this.#length));
  }
}
