/** Processor time of the calling thread, which other processes on the machine do not change much. Linux. */

import { openLibc } from "../../../src/native/libc/libc.ts";

const SYMBOLS = { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } } as const;
const CLOCK_THREAD_CPUTIME_ID = 3;

/** Adds up processor time by stage. */
export class ThreadClock {
  readonly seconds: Record<string, number> = {};
  readonly #calls = openLibc(SYMBOLS).symbols;
  readonly #time = new Uint32Array(4);

  /** Returns the processor time of this thread in seconds. */
  now(): number {
    this.#calls.clock_gettime(CLOCK_THREAD_CPUTIME_ID, this.#time);
    // struct timespec in little-endian order: seconds and nanoseconds of 64 bits each.
    return this.#time[0] + this.#time[2] * 1e-9;
  }

  /** Runs synchronous work, and adds its time to a stage. */
  time<Result>(stage: string, work: () => Result, factor = 1): Result {
    const started = this.now();
    const result = work();
    this.add(stage, (this.now() - started) * factor);
    return result;
  }

  add(stage: string, seconds: number): void {
    this.seconds[stage] = (this.seconds[stage] ?? 0) + seconds;
  }

  reset(): void {
    for (const stage of Object.keys(this.seconds)) delete this.seconds[stage];
  }
}

/** Interval of calls that `timeSampled` measures. */
const SAMPLE = 8;

/** Replaces a method by one that measures every eighth call, because reading the clock takes as long as a short call. */
export function timeSampled<Name extends string>(
  object: Record<Name, unknown>,
  name: Name,
  clock: ThreadClock,
  stage: string,
): void {
  const original = (object[name] as (...values: unknown[]) => unknown).bind(object);
  let calls = 0;
  object[name] = (...values: unknown[]) =>
    calls++ % SAMPLE === 0 ? clock.time(stage, () => original(...values), SAMPLE) : original(...values);
}
