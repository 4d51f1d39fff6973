/** Small blocks of the old file inside the literals between matching blocks. */

import { crc32 } from "../protocol/crc32.ts";
import type { ByteRange } from "../protocol/data/range_sums.ts";
import { BLOCK_DIGEST_BYTES, FINE_BLOCK_BYTES, MAX_SIGNED_BYTES } from "../protocol/data/signature.ts";
import type { DigestBlock } from "./block_scanner.ts";
import type { CopySegment, FineDigests, FineRange, Segment } from "./segments.ts";
import { hasDigestAt } from "./signature.ts";

/** Maximum bytes of the old file that are examined for a literal of this many bytes. */
const maxOldBytes = (bytes: number) => Math.min(2 * bytes + (1 << 20), MAX_SIGNED_BYTES - 2 * FINE_BLOCK_BYTES);

/**
 * Returns the range of the old file that belongs to a literal: between the neighbours of the literal, or as long as the
 * literal beside one of them.
 *
 * @param size size of the old file, in whole small blocks.
 * @returns undefined if there is none.
 */
export function fineRangeOf(segments: readonly Segment[], index: number, size: number): FineRange | undefined {
  const { start, end } = segments[index];
  const before = shiftOf(segments[index - 1]);
  const after = shiftOf(segments[index + 1]);
  const first = before ?? after ?? 0;
  const last = after ?? before ?? 0;
  let from = start + first;
  let to = end + last;
  // The neighbours are far apart in the old file, or in the other order.
  if (to <= from || to - from > maxOldBytes(end - start)) to = end + first;
  from = Math.floor(Math.max(0, from) / FINE_BLOCK_BYTES) * FINE_BLOCK_BYTES;
  to = Math.min(size, Math.ceil(to / FINE_BLOCK_BYTES) * FINE_BLOCK_BYTES, from + MAX_SIGNED_BYTES);
  if (from >= to) return undefined;
  return { start: from, end: to, shifts: first === last ? [first] : [first, last] };
}

function shiftOf(segment: Segment | undefined): number | undefined {
  return segment?.old === undefined ? undefined : segment.old - segment.start;
}

/**
 * Finds the small blocks in bytes[0, end - start), which are the part [start, end) of a literal.
 *
 * @returns the copies in their order.
 */
export function findFine(
  bytes: Uint8Array<ArrayBuffer>,
  { start, end }: ByteRange,
  fine: FineDigests,
  digest: DigestBlock,
): CopySegment[] {
  const copies: CopySegment[] = [];
  const tag = new Uint8Array(BLOCK_DIGEST_BYTES);
  let covered = start;
  for (let block = 0, old = fine.start; old < fine.end; block++, old += FINE_BLOCK_BYTES) {
    for (const shift of fine.shifts) {
      const at = old - shift;
      if (at < covered || at + FINE_BLOCK_BYTES > end) continue;
      digest(bytes, at - start, at - start + FINE_BLOCK_BYTES, tag, 0);
      if (!hasDigestAt(fine.digests, block * BLOCK_DIGEST_BYTES, tag)) continue;
      const last = copies.at(-1);
      if (last?.end === at && last.old + at - last.start === old) last.end += FINE_BLOCK_BYTES;
      else copies.push({ start: at, end: at + FINE_BLOCK_BYTES, old, crc32: 0 });
      covered = at + FINE_BLOCK_BYTES;
      break;
    }
  }
  for (const copy of copies) copy.crc32 = crc32(bytes, copy.start - start, copy.end - start);
  return copies;
}

/**
 * Returns the end of the part [start, end) of a literal that is searched at once: at most `limit` bytes, up to the end of a
 * small block.
 */
export function fineWindowEnd({ start, end }: ByteRange, { shifts: [shift] }: FineRange, limit: number): number {
  if (end - start <= limit) return end;
  const aligned = Math.floor((start + limit + shift) / FINE_BLOCK_BYTES) * FINE_BLOCK_BYTES - shift;
  return aligned > start ? aligned : start + limit;
}
