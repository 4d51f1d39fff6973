/** Decides which large files are sent in pieces of a pack instead of being announced. */

import { MAX_PIECES_BYTES, MIN_RESUMED_BYTES } from "../../protocol/limits.ts";

/** Maximum time that one stream may take for a file in pieces, in seconds: an interrupted copy sends it again. */
const MAX_SECONDS = 1;
/** Minimum time of a measurement, in milliseconds. */
const WINDOW_MS = 500;

/** Measures how much a stream sends. */
export class PiecePolicy {
  readonly #now: () => number;
  /** Start of the current measurement. */
  #startedAt: number | undefined;
  /** Bytes that were sent since then. */
  #bytes = 0;
  /** Result of the last measurement, in bytes per second. */
  #rate: number | undefined;

  /** @param now a clock, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Starts the measurement. May be called again. */
  start(): void {
    this.#startedAt ??= this.#now();
  }

  /** Adds bytes that were sent and confirmed. */
  sent(bytes: number): void {
    this.#bytes += bytes;
    if (this.#elapsedMs < WINDOW_MS) return;
    this.#rate = this.#currentRate;
    this.#startedAt = this.#now();
    this.#bytes = 0;
  }

  /**
   * Returns the maximum size of a file in pieces. Until the rate is known, and on slow links, these are only files that no
   * later run would resume.
   *
   * @param streams number of streams that share the rate.
   */
  limit(streams: number): number {
    const bytes = (this.#rate ?? this.#currentRate) / streams * MAX_SECONDS;
    return Math.max(MIN_RESUMED_BYTES - 1, Math.min(MAX_PIECES_BYTES, bytes));
  }

  get #elapsedMs(): number {
    return this.#startedAt === undefined ? 0 : this.#now() - this.#startedAt;
  }

  get #currentRate(): number {
    return this.#elapsedMs > 0 ? this.#bytes / this.#elapsedMs * 1000 : 0;
  }
}
