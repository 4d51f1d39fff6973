/** Rate limit of all streams of a transfer together, in all threads. */

import { delay } from "../async/delay.ts";
import type { Pace } from "../net/paced_transport.ts";

/** Time that all streams take together for one call each at the limit, in seconds. */
const ROUND_SECONDS = 0.02;
const MIN_CHUNK_BYTES = 4096;
/** Unused time that is made up for, such as that of late timers, in nanoseconds. More is lost. */
const MAX_UNUSED_NS = 50_000_000n;

/** Indices of the schedule, which contains times in nanoseconds. */
const LATEST = 0;
const DUE = 1;

/** Plain data, because it crosses threads. */
export interface SharedLimit {
  /** More than 0. */
  readonly bytesPerSecond: number;
  /** One Int32: number of running streams. */
  readonly running: SharedArrayBuffer;
  /** Two BigInt64: the latest time that a stream has seen, and the time at which the next bytes of any stream are due. */
  readonly schedule: SharedArrayBuffer;
}

/** Time, as an argument for tests. */
export interface Clock {
  /** Returns monotonic time, in milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

const realClock: Clock = { now: () => performance.now(), sleep: delay };

/** Returns a limit without running streams. */
export function sharedLimit(bytesPerSecond: number): SharedLimit {
  return {
    bytesPerSecond,
    running: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    schedule: new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT),
  };
}

/** Counts a stream that starts (1) or ends (-1). */
export function countStream({ running }: SharedLimit, change: 1 | -1): void {
  Atomics.add(new Int32Array(running), 0, change);
}

/**
 * The pace of one connection that keeps a shared limit. A connection without data leaves the whole rate to the others.
 * Unused time is not saved up for a burst.
 */
export class SharedPace implements Pace {
  readonly #bytesPerSecond: number;
  readonly #running: Int32Array;
  readonly #schedule: BigInt64Array;
  readonly #clock: Clock;
  /** Difference between the common time and the clock of this thread, which started with the thread. */
  #offsetNs = 0n;

  constructor({ bytesPerSecond, running, schedule }: SharedLimit, clock: Clock = realClock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#running = new Int32Array(running);
    this.#schedule = new BigInt64Array(schedule);
    this.#clock = clock;
  }

  async next(): Promise<number> {
    const wait = Atomics.load(this.#schedule, DUE) - this.#now();
    if (wait > 0n) await this.#clock.sleep(Number(wait) / 1e6);
    const streams = Math.max(1, Atomics.load(this.#running, 0));
    return Math.max(MIN_CHUNK_BYTES, Math.floor(this.#bytesPerSecond * ROUND_SECONDS / streams));
  }

  count(bytes: number): void {
    const taken = BigInt(Math.round(bytes / this.#bytesPerSecond * 1e9));
    const earliest = this.#now() - MAX_UNUSED_NS;
    update(this.#schedule, DUE, (due) => (due > earliest ? due : earliest) + taken);
  }

  /** Returns the common time. It is that of the clock that is ahead of all others, because their starts are not comparable. */
  #now(): bigint {
    const own = BigInt(Math.round(this.#clock.now() * 1e6)) + this.#offsetNs;
    const now = update(this.#schedule, LATEST, (latest) => latest > own ? latest : own);
    this.#offsetNs += now - own;
    return now;
  }
}

/** Changes a value that other threads change too. Returns the new value. */
function update(values: BigInt64Array, at: number, change: (value: bigint) => bigint): bigint {
  for (let before = Atomics.load(values, at);;) {
    const after = change(before);
    const found = Atomics.compareExchange(values, at, before, after);
    if (found === before) return after;
    before = found;
  }
}
