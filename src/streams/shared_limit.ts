/** Rate limit of all streams of a transfer together, in all threads. */

/** Plain data, because it crosses threads. */
export interface SharedLimit {
  /** More than 0. */
  readonly bytesPerSecond: number;
  /** One Int32: number of running streams. */
  readonly running: SharedArrayBuffer;
}

/** Returns a limit without running streams. */
export function sharedLimit(bytesPerSecond: number): SharedLimit {
  return { bytesPerSecond, running: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) };
}

/** Counts a stream that starts (1) or ends (-1). */
export function countStream({ running }: SharedLimit, change: 1 | -1): void {
  Atomics.add(new Int32Array(running), 0, change);
}

/** Returns the current limit of each stream in bytes per second. */
export function shareOf({ bytesPerSecond, running }: SharedLimit): number {
  return bytesPerSecond / Math.max(1, Atomics.load(new Int32Array(running), 0));
}
