/** Splits bytes into lines of limited length. */

import { ProtocolError } from "../../errors.ts";

const NEWLINE = 0x0a;

/** Initial size of the buffer. */
const FIRST_BYTES = 1 << 10;

/** Collects bytes and yields complete lines, without the newline. The cuts of the input do not matter. */
export class LineDecoder {
  /** The incomplete line. A list of pieces would take a hundred times as much memory if each piece is one byte. */
  #buffer = new Uint8Array(FIRST_BYTES);
  #length = 0;
  readonly #limit: number;
  readonly #decoder = new TextDecoder();

  /** @param limit maximum bytes of one line. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Length of the incomplete line, in bytes. */
  get length(): number {
    return this.#length;
  }

  /**
   * Yields the lines that these bytes complete.
   *
   * @throws {ProtocolError} code "long-line" as soon as a line is longer than the limit.
   */
  *push(bytes: Uint8Array): Generator<string> {
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      yield this.#complete(bytes.subarray(from, at));
      from = at + 1;
    }
    if (from < bytes.length) this.#append(bytes.subarray(from));
  }

  #complete(tail: Uint8Array): string {
    if (this.#length === 0) {
      this.#checkLength(tail.length);
      return this.#decoder.decode(tail);
    }
    this.#append(tail);
    const line = this.#decoder.decode(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return line;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    this.#checkLength(needed);
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(this.#limit, 2 * this.#buffer.length)));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  #checkLength(bytes: number): void {
    if (bytes <= this.#limit) return;
    throw new ProtocolError(
      "long-line",
      `Cannot read a line from the peer: it is longer than ${this.#limit} bytes`,
    );
  }
}
