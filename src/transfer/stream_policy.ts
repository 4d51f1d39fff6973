/** How many streams a job is worth. */

import { fixedCount, type StreamCount } from "../session/model/stream_count.ts";

/** A job that is known to have no more than this runs on one stream, in the main thread. */
export const SMALL_JOB = { files: 256, bytes: 4 << 20 } as const;

/** A stream is not worth having for less than this, when the whole transfer is limited: few streams share it evenly. */
const LEAST_SHARE = 8_000_000;

/**
 * @param found what the walk found so far.
 * @param wanted as many as the user wants, or are usual.
 * @param bytesPerSecond what all streams together may send; 0: as fast as it goes.
 */
export function streamsFor(
  found: { files: number; bytes: number; complete: boolean },
  wanted: StreamCount,
  bytesPerSecond: number,
): StreamCount {
  const small = found.complete && found.files <= SMALL_JOB.files && found.bytes <= SMALL_JOB.bytes;
  if (small) return fixedCount(1);
  return bytesPerSecond > 0 ? fixedCount(Math.min(wanted.min, Math.ceil(bytesPerSecond / LEAST_SHARE))) : wanted;
}

/**
 * Workers for so many streams; 0: all of them run in the main thread, as a single one always does. On two cores that is
 * the quicker way: a Worker costs a tenth of a second of processor time to start, and the main thread has little else to
 * do (measured with both ends on one such machine: 1.3 s against 1.7 s for 1 GiB). From three cores on one core is left
 * to the main thread. Streams that compress are worth a Worker for each of two cores.
 *
 * @param threads what the user asked for; undefined: as many as the machine is good for.
 * @param busy each stream has much to compute.
 */
export function workersFor(
  streams: number,
  cores: number,
  { threads, busy }: { threads?: number; busy: boolean },
): number {
  if (streams <= 1) return 0;
  const few = busy && cores > 1 ? cores : 0;
  return Math.min(streams, threads ?? (cores > 2 ? cores - 1 : few));
}
