/** Number of streams of a transfer, which may depend on the round trip. */

/** A range of counts. Both are the same if the round trip does not matter. */
export interface StreamCount {
  /** Number of streams on a short route. */
  readonly min: number;
  /** Maximum number of streams. */
  readonly max: number;
}

/** Default range. */
export const USUAL_STREAMS: StreamCount = { min: 4, max: 16 };

/**
 * Round trip per stream, in milliseconds. By default, Linux limits the window of a connection to 4 MiB. With one stream per
 * 4 ms, all streams together reach 1 GiB/s, which is as much as one core can encrypt.
 */
const MS_PER_STREAM = 4;

/** Returns the useful number of streams. @param roundTripMs undefined if unknown. */
export function streamsForRtt(roundTripMs: number | undefined, { min, max }: StreamCount): number {
  return Math.min(max, Math.max(min, Math.ceil((roundTripMs ?? 0) / MS_PER_STREAM)));
}

/** Returns a range of one count. */
export function fixedCount(streams: number): StreamCount {
  return { min: streams, max: streams };
}

/** Returns why there are more streams than the minimum; undefined if there are not. */
export function explainCount(
  streams: number,
  { min }: StreamCount,
  roundTripMs: number | undefined,
): string | undefined {
  if (roundTripMs === undefined || streams <= min) return undefined;
  return `round trip ${Math.round(roundTripMs)} ms: ${streams} connections`;
}
