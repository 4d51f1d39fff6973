/**
 * Decides by measurement whether changed files are sent whole: if the link is faster than the receiver digests old files, or
 * than the sender searches sources, a delta only costs time.
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

/** Digests of old files, sources that are searched, or contents that are sent. */
export type Work = "digests" | "search" | "contents";

/** The rates of one transfer. */
export class DeltaRates {
  readonly #rates: Record<Work, BusyRate> = {
    digests: new BusyRate(),
    search: new BusyRate(),
    contents: new BusyRate(),
  };
  readonly #now: () => number;

  /** @param now returns milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A unit begins. */
  begin(work: Work): void {
    this.#rates[work].begin(this.#now());
  }

  /** A unit has ended. @param bytes its bytes; 0 if it broke. */
  end(work: Work, bytes: number): void {
    this.#rates[work].end(bytes, this.#now());
  }

  /** Whether the link carries more bytes per second than are digested, or searched. */
  get isWholeFaster(): boolean {
    const now = this.#now();
    const link = this.#rates.contents.at(now) ?? 0;
    return [this.#rates.digests, this.#rates.search].some((rate) => link > (rate.at(now) ?? Infinity));
  }
}
