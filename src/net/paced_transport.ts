/** A connection that takes no more than so many bytes a second, evenly; how many may change. */

import type { Transport } from "./transport.ts";

/** Pieces of this much of a second are written at one time. */
const PIECE_SECONDS = 0.02;
const LEAST_PIECE_BYTES = 4096;

/** Time and waiting, as an argument for tests. */
export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** Paces writes; reads are left alone. Time that was not used is not saved up for a burst. */
export class PacedTransport implements Transport {
  readonly #inner: Transport;
  readonly #bytesPerSecond: () => number;
  readonly #clock: Clock;
  /** When the bytes that were written so far are used up. */
  #paidMs = 0;

  /** @param bytesPerSecond asked at each write; more than 0. */
  constructor(inner: Transport, bytesPerSecond: () => number, clock: Clock = realClock) {
    this.#inner = inner;
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, least?: number): number | Promise<number> {
    return this.#inner.read(buffer, start, end, least);
  }

  async write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    const wait = this.#paidMs - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(wait);
    const bytesPerSecond = this.#bytesPerSecond();
    const pieceBytes = Math.max(LEAST_PIECE_BYTES, Math.floor(bytesPerSecond * PIECE_SECONDS));
    const written = await this.#inner.write(buffer, start, Math.min(end, start + pieceBytes));
    // A timer that comes late is made up for, up to one piece.
    const from = Math.max(this.#paidMs, this.#clock.now() - PIECE_SECONDS * 1000);
    this.#paidMs = from + written / bytesPerSecond * 1000;
    return written;
  }

  close(): void {
    this.#inner.close();
  }
}
