/**
 * The journal of a large file on its way: which of its blocks are written, each with the CRC-32 that the sender took when
 * it read them. A header says of which source; records of equal length follow, and each has a checksum of its own. It is
 * only ever appended to, so that whatever stops the writer leaves at worst a shorter journal. Of bytes that nobody has a sum
 * of, as the system copied them on one machine, there is no record: whoever goes on compares them with the source.
 *
 * | header  | at  | bytes |                                                              |
 * | ------- | --- | ----- | ------------------------------------------------------------ |
 * |         | 0   | 8     | `ESCPJRNL`                                                   |
 * |         | 8   | 4     | version: 1                                                   |
 * |         | 12  | 4     | CRC-32 of the rest of the header                             |
 * |         | 16  | 8     | size of the source, u53                                      |
 * |         | 24  | 8     | its time of modification, seconds since 1970, i53            |
 * |         | 32  | 4     | and nanoseconds                                              |
 * |         | 36  | 2     | bytes of the identity                                        |
 * |         | 38  | 2     | bytes of the name                                            |
 * |         | 40  | 128   | identity: what the sender calls the source, UTF-8            |
 * |         | 168 | 344   | final name of the target, and zeros                          |
 * | record  | 0   | 8     | first byte of the block, u53                                 |
 * |         | 8   | 8     | one past its last byte, u53                                  |
 * |         | 16  | 4     | CRC-32 of the block                                          |
 * |         | 20  | 4     | CRC-32 of the 20 bytes before                                |
 *
 * Integers are little-endian.
 */

import { crc32 } from "../protocol/crc32.ts";
import { decodeName, encodeName } from "../protocol/names.ts";
import type { SummedRange } from "../protocol/range_sums.ts";
import { getInt53, getUint53, putInt53, putUint53 } from "../protocol/records.ts";

/** What must be equal for a copy to go on: another size, time or identity is another source. */
export interface ResumableSource {
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /** What the sender calls the file: the same text for the same file in every run. At most 128 bytes. */
  identity: string;
}

/** What a journal is about. */
export interface JournalHeader extends ResumableSource {
  /** Bytes of the target's final name, at most 255. */
  name: Uint8Array;
}

/** What came out of a journal's bytes. */
export interface Journal {
  header: JournalHeader;
  /** As recorded, in that order; they may repeat and overlap each other. */
  blocks: SummedRange[];
  /** Bytes of it that make sense; what is behind them is to be cut off before more is appended. */
  validBytes: number;
}

export const JOURNAL_HEADER_BYTES = 512;
export const JOURNAL_RECORD_BYTES = 24;
/** Longest identity, in bytes. */
export const MAX_IDENTITY_BYTES = 128;
const MAX_NAME_BYTES = 255;

const MAGIC = new TextEncoder().encode("ESCPJRNL");
const VERSION = 1;
const CHECKED_FROM = 16;
const CHECKED_OF_RECORD = JOURNAL_RECORD_BYTES - 4;
const IDENTITY_AT = 40;
const NAME_AT = IDENTITY_AT + MAX_IDENTITY_BYTES;

/** The 512 bytes of a header. */
export function encodeJournalHeader(header: JournalHeader): Uint8Array<ArrayBuffer> {
  const { size, mtime, mtimeNs, name } = header;
  const identity = encodeName(header.identity);
  if (identity.length > MAX_IDENTITY_BYTES || name.length > MAX_NAME_BYTES) {
    throw new RangeError("The identity or the name is too long for a journal");
  }
  const bytes = new Uint8Array(JOURNAL_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, VERSION, true);
  putUint53(view, 16, size);
  putInt53(view, 24, mtime);
  view.setUint32(32, mtimeNs, true);
  view.setUint16(36, identity.length, true);
  view.setUint16(38, name.length, true);
  bytes.set(identity, IDENTITY_AT);
  bytes.set(name, NAME_AT);
  view.setUint32(12, crc32(bytes, CHECKED_FROM, JOURNAL_HEADER_BYTES), true);
  return bytes;
}

/** Writes the record of a block to bytes[at, at + 24). */
export function putJournalRecord(bytes: Uint8Array<ArrayBuffer>, at: number, start: number, end: number, sum: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  putUint53(view, at, start);
  putUint53(view, at + 8, end);
  view.setUint32(at + 16, sum, true);
  view.setUint32(at + 20, crc32(bytes, at, at + CHECKED_OF_RECORD), true);
}

/**
 * Reads a journal. From the first record on that is cut short, or is not what was written, nothing counts.
 *
 * @returns undefined when the header is not one of this version.
 */
export function decodeJournal(bytes: Uint8Array<ArrayBuffer>): Journal | undefined {
  if (bytes.length < JOURNAL_HEADER_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(8, true) !== VERSION) return undefined;
  if (view.getUint32(12, true) !== crc32(bytes, CHECKED_FROM, JOURNAL_HEADER_BYTES)) return undefined;
  const size = getUint53(view, 16);
  const mtime = getInt53(view, 24);
  const identityBytes = view.getUint16(36, true);
  const nameBytes = view.getUint16(38, true);
  if (!Number.isSafeInteger(size) || identityBytes > MAX_IDENTITY_BYTES || nameBytes > MAX_NAME_BYTES) return undefined;
  const identity = decodeName(bytes.subarray(IDENTITY_AT, IDENTITY_AT + identityBytes));
  const name = bytes.slice(NAME_AT, NAME_AT + nameBytes);
  const blocks: SummedRange[] = [];
  let at = JOURNAL_HEADER_BYTES;
  for (; at + JOURNAL_RECORD_BYTES <= bytes.length; at += JOURNAL_RECORD_BYTES) {
    const start = getUint53(view, at);
    const end = getUint53(view, at + 8);
    if (view.getUint32(at + 20, true) !== crc32(bytes, at, at + CHECKED_OF_RECORD) || !(start < end && end <= size)) {
      break;
    }
    blocks.push({ start, end, crc32: view.getUint32(at + 16, true) });
  }
  return { header: { size, mtime, mtimeNs: view.getUint32(32, true), identity, name }, blocks, validBytes: at };
}

/** Whether a journal is that of this source and target. */
export function isJournalOf(header: JournalHeader, wanted: JournalHeader): boolean {
  return header.size === wanted.size && header.mtime === wanted.mtime && header.mtimeNs === wanted.mtimeNs &&
    header.identity === wanted.identity && header.name.length === wanted.name.length &&
    header.name.every((byte, at) => byte === wanted.name[at]);
}

/**
 * The blocks in the order of the file, without overlaps: of those that begin at the same byte the one that was recorded
 * last, and none that reaches into the one before it.
 */
export function sortedBlocks(blocks: readonly SummedRange[]): SummedRange[] {
  const latest = new Map(blocks.map((block) => [block.start, block]));
  let end = 0;
  return [...latest.values()].sort((a, b) => a.start - b.start).filter((block) => {
    if (block.start < end) return false;
    end = block.end;
    return true;
  });
}
