/** Bytes to lines, with a limit on the length of a line. */

import { ProtocolError } from "../errors.ts";

const NEWLINE = 0x0a;

/** Collects bytes and gives out whole lines, without the newline. Every cut of the input gives the same lines. */
export class LineDecoder {
  #pieces: Uint8Array[] = [];
  #held = 0;
  readonly #limit: number;
  readonly #decoder = new TextDecoder();

  /** @param limit most bytes of one line. */
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
    if (from < bytes.length) this.#hold(bytes.slice(from));
  }

  #complete(tail: Uint8Array): string {
    this.#hold(tail);
    const line = new Uint8Array(this.#held);
    let at = 0;
    for (const piece of this.#pieces) {
      line.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#held = 0;
    return this.#decoder.decode(line);
  }

  #hold(bytes: Uint8Array): void {
    this.#held += bytes.length;
    if (this.#held > this.#limit) {
      throw new ProtocolError(
        "long-line",
        `Cannot read a line from the other side: it is longer than ${this.#limit} bytes`,
      );
    }
    this.#pieces.push(bytes);
  }
}
