/** The parts of a range: copies of the old file, and literals, which are sent. Plain data, because it crosses threads. */

import type { ByteRange } from "../protocol/data/range_sums.ts";

/** Bytes that the old file contains. */
export interface CopySegment extends ByteRange {
  /** Offset of the first byte in the old file. */
  old: number;
  /** CRC-32 of the bytes of the sender. */
  crc32: number;
}

/** Bytes that are sent, except those that `fine` finds in the old file. */
export interface LiteralSegment extends ByteRange {
  old?: undefined;
  fine?: FineDigests;
  /** Whether it is a hole of the source. */
  isHole?: boolean;
}

/** Part of a range. All segments of a range, in order, are the whole range. */
export type Segment = CopySegment | LiteralSegment;

/** A range to send. With `segments` it is one unit. */
export interface PlannedRange extends ByteRange {
  /** Parts of it, if some are copied from the old file. */
  segments?: Segment[];
}

/** Range of the old file that may contain parts of a literal. */
export interface FineRange extends ByteRange {
  /** Offsets of the old file minus those of the new one, as in the segments before and after the literal. */
  shifts: number[];
}

/** Digests of FINE_BLOCK_BYTES each of a range of the old file. */
export interface FineDigests extends FineRange {
  digests: Uint8Array;
}

/** Number of bytes that copies contain. */
export function copiedBytes(segments: readonly Segment[]): number {
  let bytes = 0;
  for (const { start, end, old } of segments) if (old !== undefined) bytes += end - start;
  return bytes;
}
