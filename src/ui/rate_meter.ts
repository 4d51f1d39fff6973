/** Transferred bytes at one time. */
interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** The last few seconds of a transfer, oldest first. Immutable. */
export type RateMeter = readonly Sample[];

/** Time over which the rate is averaged: long enough to be stable, short enough to show changes. */
export const WINDOW_MS = 4000;
/** Minimum time before a rate is meaningful. */
export const SETTLE_MS = 1000;
/** Samples closer to each other than this are merged, which limits their number. */
const SPACING_MS = 100;

/**
 * Adds a sample of a counter that only grows.
 *
 * @param sample.atMs Time of a monotonic clock, such as `performance.now()`.
 */
export function addSample(meter: RateMeter, sample: Sample): RateMeter {
  // Keep the last sample before the window, because the rate is measured from it.
  const firstInside = meter.findIndex(({ atMs }) => atMs > sample.atMs - WINDOW_MS);
  const kept = meter.slice(firstInside < 0 ? -1 : Math.max(0, firstInside - 1));
  const mergeable = kept.length >= 2 && sample.atMs - kept[kept.length - 2].atMs < SPACING_MS;
  return [...(mergeable ? kept.slice(0, -1) : kept), sample];
}

/**
 * Returns the bytes per second over the window up to `nowMs`; undefined before the minimum time.
 * Time without samples counts: the rate falls if there is no progress, to 0 after the length of the window.
 */
export function rateOf(meter: RateMeter, nowMs: number): number | undefined {
  if (meter.length === 0 || nowMs - meter[0].atMs < SETTLE_MS) return undefined;
  const last = meter[meter.length - 1];
  const start = meter.findLast(({ atMs }) => atMs <= nowMs - WINDOW_MS) ?? meter[0];
  return (last.bytes - start.bytes) / (nowMs - start.atMs) * 1000;
}
