/** Limits the rate of a connection evenly, to a rate that may change. */

import { delay } from "../async/delay.ts";
import type { Transport } from "./transport.ts";

/** Time that one call takes at the limit, in seconds. */
const CHUNK_SECONDS = 0.02;
const MIN_CHUNK_BYTES = 4096;

/** Time, as an argument for tests. */
export interface Clock {
  /** Returns monotonic time, in milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

const realClock: Clock = { now: () => performance.now(), sleep: delay };

/** Keeps a rate evenly. Unused time is not saved up for a burst. */
class Pace {
  readonly #bytesPerSecond: () => number;
  readonly #clock: Clock;
  #rate = 0;
  /** Time at which the next bytes are due. */
  #dueMs = 0;

  constructor(bytesPerSecond: () => number, clock: Clock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  /** Waits until the next bytes are due. @returns the maximum number of bytes. */
  async next(): Promise<number> {
    const wait = this.#dueMs - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(wait);
    this.#rate = this.#bytesPerSecond();
    return Math.max(MIN_CHUNK_BYTES, Math.floor(this.#rate * CHUNK_SECONDS));
  }

  /** Counts bytes. */
  count(bytes: number): void {
    // Compensates for a late timer, by at most one chunk.
    const from = Math.max(this.#dueMs, this.#clock.now() - CHUNK_SECONDS * 1000);
    this.#dueMs = from + bytes / this.#rate * 1000;
  }
}

/** Delays the writes of a sender, or the reads of a receiver, to keep the limit. */
export class PacedTransport implements Transport {
  readonly #inner: Transport;
  readonly #writes: Pace | undefined;
  readonly #reads: Pace | undefined;

  /**
   * @param bytesPerSecond Called before each call. Returns more than 0.
   * @param options.paces Calls that are delayed. Default: writes.
   */
  constructor(
    inner: Transport,
    bytesPerSecond: () => number,
    { clock = realClock, paces = "writes" }: { clock?: Clock; paces?: "writes" | "reads" } = {},
  ) {
    this.#inner = inner;
    const pace = new Pace(bytesPerSecond, clock);
    this.#writes = paces === "writes" ? pace : undefined;
    this.#reads = paces === "reads" ? pace : undefined;
  }

  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, expected?: number): number | Promise<number> {
    return this.#reads
      ? this.#readPaced(this.#reads, buffer, start, end)
      : this.#inner.read(buffer, start, end, expected);
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | Promise<number> {
    return this.#writes ? this.#writePaced(this.#writes, buffer, start, end) : this.#inner.write(buffer, start, end);
  }

  close(): void {
    this.#inner.close();
  }

  async #readPaced(pace: Pace, buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    const count = await this.#inner.read(buffer, start, Math.min(end, start + await pace.next()));
    pace.count(count);
    return count;
  }

  async #writePaced(pace: Pace, buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    const count = await this.#inner.write(buffer, start, Math.min(end, start + await pace.next()));
    pace.count(count);
    return count;
  }
}
