/** How many streams a job is worth. */

/** A job that is known to have no more than this runs on one stream, in the main thread. */
export const SMALL_JOB = { files: 256, bytes: 4 << 20 } as const;

/** A stream is not worth having for less than this, when the whole transfer is limited: few streams share it evenly. */
const LEAST_SHARE = 8_000_000;

/**
 * @param found what the walk found so far.
 * @param most as many as the user allows.
 * @param bytesPerSecond what all streams together may send; 0: as fast as it goes.
 */
export function streamsFor(
  found: { files: number; bytes: number; complete: boolean },
  most: number,
  bytesPerSecond: number,
): number {
  const small = found.complete && found.files <= SMALL_JOB.files && found.bytes <= SMALL_JOB.bytes;
  if (small) return 1;
  return bytesPerSecond > 0 ? Math.min(most, Math.ceil(bytesPerSecond / LEAST_SHARE)) : most;
}

/** Workers for so many streams: a single one stays in the main thread. */
export function workersFor(streams: number, cores: number, canHandOver: boolean): number {
  return canHandOver && streams > 1 ? Math.min(streams, cores) : 0;
}
