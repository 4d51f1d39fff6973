/** How many streams a job is worth. */

/** A job that is known to have no more than this runs on one stream, in the main thread. */
export const SMALL_JOB = { files: 256, bytes: 4 << 20 } as const;

/** @param found what the walk found so far. */
export function streamsFor(found: { files: number; bytes: number; complete: boolean }, most: number): number {
  const small = found.complete && found.files <= SMALL_JOB.files && found.bytes <= SMALL_JOB.bytes;
  return small ? 1 : most;
}

/** Workers for so many streams: a single one stays in the main thread. */
export function workersFor(streams: number, cores: number, canHandOver: boolean): number {
  return canHandOver && streams > 1 ? Math.min(streams, cores) : 0;
}
