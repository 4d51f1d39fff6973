/** Bytes to lines, with a limit on the length of a line. */

import { ProtocolError } from "../../errors.ts";

const NEWLINE = 0x0a;

/** Initial size of the buffer. */
const FIRST_BYTES = 1 << 10;

/** Collects bytes and gives out whole lines, without the newline. Every cut of the input gives the same lines. */
export class LineDecoder {
  /** The incomplete line. One buffer, because a list of single bytes would take a hundred times as much memory. */
  #buffer = new Uint8Array(FIRST_BYTES);
  #held = 0;
  readonly #limit: number;
  readonly #decoder = new TextDecoder();

  /** @param limit maximum bytes of one line. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of the line that is not complete yet. */
  get held(): number {
    return this.#held;
  }

  /**
   * The lines that these bytes complete.
   *
   * @throws {ProtocolError} code "long-line" as soon as a line is longer than the limit.
   */
  *push(bytes: Uint8Array): Generator<string> {
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      yield this.#complete(bytes.subarray(from, at));
      from = at + 1;
    }
    if (from < bytes.length) this.#hold(bytes.subarray(from));
  }

  #complete(tail: Uint8Array): string {
    if (this.#held === 0) {
      this.#checkLength(tail.length);
      return this.#decoder.decode(tail);
    }
    this.#hold(tail);
    const line = this.#decoder.decode(this.#buffer.subarray(0, this.#held));
    this.#held = 0;
    return line;
  }

  #hold(bytes: Uint8Array): void {
    const needed = this.#held + bytes.length;
    this.#checkLength(needed);
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(this.#limit, 2 * this.#buffer.length)));
      larger.set(this.#buffer.subarray(0, this.#held));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#held);
    this.#held = needed;
  }

  #checkLength(bytes: number): void {
    if (bytes <= this.#limit) return;
    throw new ProtocolError(
      "long-line",
      `Cannot read a line from the other side: it is longer than ${this.#limit} bytes`,
    );
  }
}
