/**
 * The journal of a large file on its way, a record in the state directory: which blocks are written, each with the CRC-32
 * that the sender computed when it read them. The header names the source, the target and the partial file beside it.
 * Records of equal length follow, each with a checksum. A journal is only appended to, so that whatever stops the writer
 * leaves at worst a shorter journal. Bytes without a sum, as the system copied them on one machine, have no record: a copy
 * that continues compares them with the source.
 *
 * | part    | at  | bytes |                                                              |
 * | ------- | --- | ----- | ------------------------------------------------------------ |
 * | header  | 0   |       | magic `ESCPJRNL`, version 2, see record_header.ts            |
 * | record  | 0   | 8     | first byte of the block, u53                                 |
 * |         | 8   | 8     | one past its last byte, u53                                  |
 * |         | 16  | 4     | CRC-32 of the block                                          |
 * |         | 20  | 4     | CRC-32 of the 20 bytes before                                |
 *
 * Integers are little-endian.
 */

import { isPartialName } from "../../files/path/private_names.ts";
import { crc32 } from "../../protocol/crc32.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import { getUint53, putUint53 } from "../../protocol/data/records.ts";
import type { ExactIdentity } from "../../files/stat/file_identity.ts";
import { parseIdentity } from "../own_file.ts";
import { decodeHeader, encodeHeader } from "../record_header.ts";
import { type ResumableSource } from "../../files/engine/target.ts";

/** A partial file in the directory of its target. */
export interface NamedPartial extends ExactIdentity {
  name: string;
}

/** What a journal is about. */
export interface JournalHeader {
  source: ResumableSource;
  /** Absolute path of the target, without symbolic links. */
  target: string;
  partial: NamedPartial;
}

/** A decoded journal. */
export interface Journal {
  header: JournalHeader;
  headerBytes: number;
  /** As recorded, in that order; they may repeat and overlap each other. */
  blocks: SummedRange[];
  /** Bytes that make sense; what follows them is to be cut off before more is appended. */
  validBytes: number;
}

export const JOURNAL_RECORD_BYTES = 24;

const FORMAT = { magic: "ESCPJRNL", version: 2 };
const CHECKED_OF_RECORD = JOURNAL_RECORD_BYTES - 4;

/** Encodes a header. @throws {RangeError} if it is too long. */
export function encodeJournalHeader(header: JournalHeader): Uint8Array<ArrayBuffer> {
  return encodeHeader(FORMAT, header);
}

/** Decodes the header at the beginning of a journal. @returns undefined if it is not one of this version. */
export function decodeJournalHeader(
  bytes: Uint8Array<ArrayBuffer>,
): { header: JournalHeader; headerBytes: number } | undefined {
  const decoded = decodeHeader(FORMAT, bytes);
  if (!decoded) return undefined;
  const { target } = decoded.fields;
  const source = parseSource(decoded.fields.source);
  const partial = parsePartial(decoded.fields.partial);
  if (typeof target !== "string" || !source || !partial) return undefined;
  return { header: { source, target, partial }, headerBytes: decoded.end };
}

function parseSource(value: unknown): ResumableSource | undefined {
  const { size, mtime, mtimeNs, identity } = Object(value) as Record<string, unknown>;
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(mtime) || !Number.isSafeInteger(mtimeNs)) return undefined;
  if (typeof identity !== "string") return undefined;
  return { size: size as number, mtime: mtime as number, mtimeNs: mtimeNs as number, identity };
}

function parsePartial(value: unknown): NamedPartial | undefined {
  const fields = Object(value) as Record<string, unknown>;
  const identity = parseIdentity(fields);
  const { name } = fields;
  return identity && typeof name === "string" && isPartialName(name) ? { name, ...identity } : undefined;
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
 * Decodes a journal. From the first record on that is cut short, or is not what was written, nothing counts.
 *
 * @returns undefined if the header is not one of this version.
 */
export function decodeJournal(bytes: Uint8Array<ArrayBuffer>): Journal | undefined {
  const decoded = decodeJournalHeader(bytes);
  if (!decoded) return undefined;
  const { size } = decoded.header.source;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blocks: SummedRange[] = [];
  let at = decoded.headerBytes;
  for (; at + JOURNAL_RECORD_BYTES <= bytes.length; at += JOURNAL_RECORD_BYTES) {
    const start = getUint53(view, at);
    const end = getUint53(view, at + 8);
    if (view.getUint32(at + 20, true) !== crc32(bytes, at, at + CHECKED_OF_RECORD) || !(start < end && end <= size)) {
      break;
    }
    blocks.push({ start, end, crc32: view.getUint32(at + 16, true) });
  }
  return { ...decoded, blocks, validBytes: at };
}

/** Whether a journal is that of this source. */
export function isJournalOf({ source }: JournalHeader, wanted: ResumableSource): boolean {
  return source.size === wanted.size && source.mtime === wanted.mtime && source.mtimeNs === wanted.mtimeNs &&
    source.identity === wanted.identity;
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
