/**
 * Decides by measurement whether changed files are sent whole: if the link is faster than the receiver digests, their
 * digests only cost time.
 */

/** Traffic from which a rate is known. */
const MIN_BYTES = 64 << 20;

/** Bytes, and the time in which at least one unit was in progress. */
class BusyRate {
  #bytes = 0;
  #ms = 0;
  #units = 0;
  #since = 0;

  begin(now: number): void {
    if (this.#units++ === 0) this.#since = now;
  }

  end(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (--this.#units > 0) return;
    this.#ms += now - this.#since;
  }

  /** Bytes per second; undefined without enough traffic. */
  at(now: number): number | undefined {
    const ms = this.#ms + (this.#units > 0 ? now - this.#since : 0);
    return this.#bytes < MIN_BYTES || ms === 0 ? undefined : this.#bytes / ms * 1000;
  }
}

/** The rates of one transfer. */
export class DeltaRates {
  readonly #digests = new BusyRate();
  readonly #link = new BusyRate();
  readonly #now: () => number;

  /** @param now returns milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A unit begins: digests of old files, or contents that are sent. */
  begin(kind: "digests" | "contents"): void {
    this.#rateOf(kind).begin(this.#now());
  }

  /** A unit has ended. @param bytes of the old file, or that were sent; 0 if it broke. */
  end(kind: "digests" | "contents", bytes: number): void {
    this.#rateOf(kind).end(bytes, this.#now());
  }

  /** Whether the link carries more bytes per second than the receiver digests. */
  get isWholeFaster(): boolean {
    const now = this.#now();
    const digests = this.#digests.at(now);
    const link = this.#link.at(now);
    return digests !== undefined && link !== undefined && link > digests;
  }

  #rateOf(kind: "digests" | "contents"): BusyRate {
    return kind === "digests" ? this.#digests : this.#link;
  }
}
