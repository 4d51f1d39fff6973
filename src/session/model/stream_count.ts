/** How many streams a transfer opens, as far as the way decides. */

/** From few to most; the same twice where the way shall not decide. */
export interface StreamCount {
  /** Are opened in any case. */
  readonly min: number;
  /** Are not exceeded, however long the way is. */
  readonly max: number;
}

/** Where nobody says how many. */
export const USUAL_STREAMS: StreamCount = { min: 4, max: 16 };

/**
 * A stream has no more under way than the window that Linux gives it by itself, 4 MiB. With one for each 4 ms of the round
 * trip all of them come to 1 GiB/s, which is as much as a core seals.
 */
const MS_OF_A_STREAM = 4;

/** As many as are worth having. @param roundTripMs undefined: not known. */
export function streamsForRtt(roundTripMs: number | undefined, { min, max }: StreamCount): number {
  return Math.min(max, Math.max(min, Math.ceil((roundTripMs ?? 0) / MS_OF_A_STREAM)));
}

/** Exactly so many. */
export function fixedCount(streams: number): StreamCount {
  return { min: streams, max: streams };
}

/** Why there are more than few, for whoever wants to know; undefined: there are not. */
export function explainCount(
  streams: number,
  { min }: StreamCount,
  roundTripMs: number | undefined,
): string | undefined {
  if (roundTripMs === undefined || streams <= min) return undefined;
  return `round trip ${Math.round(roundTripMs)} ms: ${streams} connections`;
}
