/** Number of streams and Workers of a job. */

import { fixedCount, type StreamCount } from "../../session/model/stream_count.ts";

/** Limits of a small job, which runs on one stream in the main thread. */
export const SMALL_JOB = { files: 256, bytes: 4 << 20 } as const;

/** With a rate limit: minimum share of a stream, in bytes per second. Few streams share a limit evenly. */
const MIN_SHARE = 8_000_000;

/**
 * Returns the number of streams.
 *
 * @param found files and bytes that the walk has found so far.
 * @param requested number from the user, or the default.
 * @param bytesPerSecond rate limit of all streams together; 0: unlimited.
 */
export function streamsFor(
  found: { files: number; bytes: number; complete: boolean },
  requested: StreamCount,
  bytesPerSecond: number,
): StreamCount {
  const small = found.complete && found.files <= SMALL_JOB.files && found.bytes <= SMALL_JOB.bytes;
  if (small) return fixedCount(1);
  return bytesPerSecond > 0 ? fixedCount(Math.min(requested.min, Math.ceil(bytesPerSecond / MIN_SHARE))) : requested;
}

/**
 * Returns the number of Workers; 0: all streams run in the main thread, as a single stream always does. On two cores,
 * the main thread alone is faster: 1.3 s instead of 1.7 s for 1 GiB with both ends on one such machine. Starting a Worker
 * takes 0.1 s of processor time, and the main thread has little else to do. With three or more cores, one core is left to
 * the main thread. Streams that compress get one Worker per core even with two cores.
 *
 * @param threads number from the user. Default: chosen for the number of cores.
 * @param busy whether streams compute much, as with compression.
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
