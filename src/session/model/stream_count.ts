/** How many streams a transfer opens, as far as the way decides. */

/** From few to most; the same twice where the way shall not decide. */
export interface StreamCount {
  /** Are opened in any case. */
  readonly few: number;
  /** Are not exceeded, however long the way is. */
  readonly most: number;
}

/** Where nobody says how many. */
export const USUAL_STREAMS: StreamCount = { few: 4, most: 16 };

/**
 * A stream has no more under way than the window that Linux gives it by itself, 4 MiB. With one for each 4 ms of the round
 * trip all of them come to 1 GiB/s, which is as much as a core seals.
 */
const MS_OF_A_STREAM = 4;

/** As many as are worth having. @param roundTripMs undefined: not known. */
export function streamsOver(roundTripMs: number | undefined, { few, most }: StreamCount): number {
  return Math.min(most, Math.max(few, Math.ceil((roundTripMs ?? 0) / MS_OF_A_STREAM)));
}

/** Exactly so many. */
export function exactly(streams: number): StreamCount {
  return { few: streams, most: streams };
}

/** Why there are more than few, for whoever wants to know; undefined: there are not. */
export function whyMore(streams: number, { few }: StreamCount, roundTripMs: number | undefined): string | undefined {
  if (roundTripMs === undefined || streams <= few) return undefined;
  return `round trip ${Math.round(roundTripMs)} ms: ${streams} connections`;
}
