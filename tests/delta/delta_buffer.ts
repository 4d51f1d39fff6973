/** The delta of two buffers: what a sender would do with a file and the digests of its old file. */

import { type BlockDigester, createBlockDigester } from "../../src/crypto/block_digest.ts";
import { BlockScanner } from "../../src/delta/block_scanner.ts";
import { findFine, fineRangeOf } from "../../src/delta/refine.ts";
import type { CopySegment, Segment } from "../../src/delta/segments.ts";
import { createSignature, type SharedSignature, Signature } from "../../src/delta/signature.ts";
import { crc32 } from "../../src/protocol/crc32.ts";
import { BLOCK_DIGEST_BYTES, COARSE_ENTRY_BYTES, FINE_BLOCK_BYTES } from "../../src/protocol/data/signature.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);

/** Returns a digester with a fixed key. */
export function testDigester(engine: "native" | "portable" = "native"): BlockDigester {
  return createBlockDigester(engine, KEY);
}

/** Returns the signature of the whole blocks of bytes. */
export function signatureOf(old: Bytes, blockBytes: number, digester: BlockDigester): SharedSignature {
  const size = wholeBytes(old, blockBytes);
  const shared = createSignature(size, blockBytes);
  const entries = new Uint8Array(shared.entries);
  const view = new DataView(shared.entries);
  for (let block = 0, at = 0; at < size; block++, at += blockBytes) {
    const end = at + blockBytes;
    const entry = block * COARSE_ENTRY_BYTES;
    digester.digest(old, at, end, entries, entry);
    view.setUint32(entry + BLOCK_DIGEST_BYTES, crc32(old, at, end), true);
  }
  new Signature(shared).index();
  return shared;
}

/** Number of bytes of whole blocks. */
function wholeBytes({ length }: Bytes, blockBytes: number): number {
  return length - length % blockBytes;
}

/** Returns the segments of a buffer, which is scanned in pieces. */
export function scanBuffer(
  bytes: Bytes,
  signature: SharedSignature,
  digester: BlockDigester,
  { pieceBytes = bytes.length, inPlace = false } = {},
): Segment[] {
  const scanner = new BlockScanner(new Signature(signature), (...block) => digester.digest(...block), { inPlace });
  const segments: Segment[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const end = Math.min(bytes.length, start + pieceBytes);
    const offset = Math.max(0, start - signature.blockBytes);
    const part = bytes.slice(offset, Math.min(bytes.length, end + signature.blockBytes));
    segments.push(...scanner.scan({ bytes: part, offset, length: part.length, start, end }));
  }
  return segments;
}

/** Replaces literals by the small blocks that are found in them. */
export function refineBuffer(bytes: Bytes, old: Bytes, segments: Segment[], digester: BlockDigester): Segment[] {
  return segments.flatMap((segment, index): Segment[] => {
    const range = segment.old === undefined
      ? fineRangeOf(segments, index, wholeBytes(old, FINE_BLOCK_BYTES))
      : undefined;
    if (!range) return [segment];
    const digests = new Uint8Array((range.end - range.start) / FINE_BLOCK_BYTES * BLOCK_DIGEST_BYTES);
    for (let at = range.start, block = 0; at < range.end; at += FINE_BLOCK_BYTES, block++) {
      digester.digest(old, at, at + FINE_BLOCK_BYTES, digests, block * BLOCK_DIGEST_BYTES);
    }
    const part = bytes.slice(segment.start, segment.end);
    const copies = findFine(part, segment, { ...range, digests }, (...block) => digester.digest(...block));
    return withLiterals(copies, segment);
  });
}

function withLiterals(copies: readonly CopySegment[], { start, end }: { start: number; end: number }): Segment[] {
  const segments: Segment[] = [];
  let at = start;
  for (const copy of copies) {
    if (copy.start > at) segments.push({ start: at, end: copy.start });
    segments.push(copy);
    at = copy.end;
  }
  if (at < end) segments.push({ start: at, end });
  return segments;
}

/** Returns the bytes that a receiver would write. Throws if segments do not follow each other, or have a wrong CRC-32. */
export function rebuild(bytes: Bytes, old: Bytes, segments: readonly Segment[]): Bytes {
  const built = new Uint8Array(bytes.length);
  let at = 0;
  for (const segment of segments) {
    const { start, end } = segment;
    if (start !== at || end <= start) throw new Error(`Segment ${start} to ${end} does not follow ${at}`);
    if (segment.old === undefined) built.set(bytes.subarray(start, end), start);
    else {
      const copied = old.subarray(segment.old, segment.old + end - start);
      if (crc32(copied, 0, copied.length) !== segment.crc32) throw new Error(`Wrong CRC-32 of ${start} to ${end}`);
      built.set(copied, start);
    }
    at = end;
  }
  if (at !== bytes.length) throw new Error(`The segments end at ${at} of ${bytes.length}`);
  return built;
}

/** Number of bytes of literals. */
export function literalBytes(segments: readonly Segment[]): number {
  return segments.reduce((sum, { start, end, old }) => sum + (old === undefined ? end - start : 0), 0);
}
