/** Limits the send rate of a connection evenly, to a rate that may change. */

import { delay } from "../async/delay.ts";
import type { Transport } from "./transport.ts";

/** Time that one write takes at the limit, in seconds. */
const CHUNK_SECONDS = 0.02;
const MIN_CHUNK_BYTES = 4096;

/** Time, as an argument for tests. */
export interface Clock {
  /** Returns monotonic time, in milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

const realClock: Clock = { now: () => performance.now(), sleep: delay };

/** Delays writes to keep the limit; reads are not limited. Unused time is not saved up for a burst. */
export class PacedTransport implements Transport {
  readonly #inner: Transport;
  readonly #bytesPerSecond: () => number;
  readonly #clock: Clock;
  /** Time at which the next write is due. */
  #dueMs = 0;

  /** @param bytesPerSecond Called before each write. Returns more than 0. */
  constructor(inner: Transport, bytesPerSecond: () => number, clock: Clock = realClock) {
    this.#inner = inner;
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, expected?: number): number | Promise<number> {
    return this.#inner.read(buffer, start, end, expected);
  }

  async write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    const wait = this.#dueMs - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(wait);
    const bytesPerSecond = this.#bytesPerSecond();
    const chunkBytes = Math.max(MIN_CHUNK_BYTES, Math.floor(bytesPerSecond * CHUNK_SECONDS));
    const written = await this.#inner.write(buffer, start, Math.min(end, start + chunkBytes));
    // Compensates for a late timer, by at most one chunk.
    const from = Math.max(this.#dueMs, this.#clock.now() - CHUNK_SECONDS * 1000);
    this.#dueMs = from + written / bytesPerSecond * 1000;
    return written;
  }

  close(): void {
    this.#inner.close();
  }
}
