/** A limit that the streams of a transfer have together, in whichever threads they run. */

/** Plain data: it crosses threads. */
export interface SharedLimit {
  /** More than 0. */
  readonly bytesPerSecond: number;
  /** One Int32: how many streams run. */
  readonly running: SharedArrayBuffer;
}

/** A limit that no stream has a part of yet. */
export function sharedLimit(bytesPerSecond: number): SharedLimit {
  return { bytesPerSecond, running: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) };
}

/** A stream begins (1) or ends (-1). */
export function countStream({ running }: SharedLimit, change: 1 | -1): void {
  Atomics.add(new Int32Array(running), 0, change);
}

/** Bytes a second that one stream may send now: fewer streams than were wanted have more each. */
export function shareOf({ bytesPerSecond, running }: SharedLimit): number {
  return bytesPerSecond / Math.max(1, Atomics.load(new Int32Array(running), 0));
}
