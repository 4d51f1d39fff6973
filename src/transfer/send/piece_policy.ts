/** Decides which large files are sent in pieces of a pack instead of being announced. */

import { MAX_PIECES_BYTES, MIN_RESUMED_BYTES } from "../../protocol/limits.ts";

/** Maximum time that one stream may take for a file in pieces, in seconds: an interrupted copy sends it again. */
const MAX_SECONDS = 1;

/** Measures how much a stream sends. */
export class PiecePolicy {
  readonly #now: () => number;
  #startedAt: number | undefined;

  /** @param now a clock, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Starts the measurement. May be called again. */
  start(): void {
    this.#startedAt ??= this.#now();
  }

  /**
   * Returns the maximum size of a file in pieces. Until the rate is known, and on slow links, these are only files that no
   * later run would resume.
   *
   * @param confirmed bytes that the receiver has confirmed so far.
   */
  limit({ confirmed, streams }: { confirmed: number; streams: number }): number {
    const seconds = (this.#now() - (this.#startedAt ?? Infinity)) / 1000;
    const bytes = seconds > 0 ? confirmed / seconds / streams * MAX_SECONDS : 0;
    return Math.max(MIN_RESUMED_BYTES - 1, Math.min(MAX_PIECES_BYTES, bytes));
  }
}
