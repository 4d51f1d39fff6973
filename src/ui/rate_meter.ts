/** How far it was at one moment. */
interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** The last few seconds of a transfer, oldest first. A value: nothing in it changes. */
export type RateMeter = readonly Sample[];

/** The rate is the mean over this time: long enough to be calm, short enough to show a change. */
export const WINDOW_MS = 4000;
/** Before this much time was seen a rate says nothing. */
export const SETTLE_MS = 1000;
/** Samples nearer to each other are merged, which bounds their number. */
const SPACING_MS = 100;

/**
 * Adds a reading of a counter that only grows.
 * @param atMs A clock that never goes back, such as `performance.now()`.
 */
export function addSample(meter: RateMeter, sample: Sample): RateMeter {
  // The newest sample from before the window stays: the window is measured from it.
  const firstInside = meter.findIndex(({ atMs }) => atMs > sample.atMs - WINDOW_MS);
  const kept = meter.slice(firstInside < 0 ? -1 : Math.max(0, firstInside - 1));
  const mergeable = kept.length >= 2 && sample.atMs - kept[kept.length - 2].atMs < SPACING_MS;
  return [...(mergeable ? kept.slice(0, -1) : kept), sample];
}

/**
 * Bytes a second up to `nowMs`, over the window; undefined before there is enough to tell.
 * Time without any sample counts: when nothing comes the rate sinks, to 0 once the window holds no growth.
 */
export function rateOf(meter: RateMeter, nowMs: number): number | undefined {
  if (meter.length === 0 || nowMs - meter[0].atMs < SETTLE_MS) return undefined;
  const last = meter[meter.length - 1];
  const start = meter.findLast(({ atMs }) => atMs <= nowMs - WINDOW_MS) ?? meter[0];
  return (last.bytes - start.bytes) / (nowMs - start.atMs) * 1000;
}
