/**
 * The journal of an unfinished large file, a record in the state directory. It lists the written blocks, each with the
 * CRC-32 that the sender computed when reading them. The header names the source, the target and the partial file in the
 * directory of the target. Records of equal length follow, each with a checksum. A journal is only appended to, so an
 * interruption at worst shortens it. Bytes that the system copied on one machine have no checksum and no record: a resumed
 * copy compares them with the source.
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

import { isPartialName, isTemporaryName } from "../../files/path/private_names.ts";
import { crc32 } from "../../protocol/crc32.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import { getUint53, putUint53 } from "../../protocol/data/records.ts";
import type { ExactIdentity } from "../../files/stat/file_identity.ts";
import { parseIdentity } from "../own_file.ts";
import { decodeHeader, encodeHeader } from "../record_header.ts";
import { type ResumableSource } from "../../files/engine/partial_file.ts";

/** A partial file in the directory of its target. */
export interface NamedPartial extends ExactIdentity {
  name: string;
}

/** The copy that a journal belongs to. */
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
  /** Blocks in the order of the records. They may repeat and overlap. */
  blocks: SummedRange[];
  /** Length of the valid part. Truncate the journal to it before appending. */
  validBytes: number;
}

/** Length of the record of a block. */
export const JOURNAL_RECORD_BYTES = 24;

const FORMAT = { magic: "ESCPJRNL", version: 2 };
const CHECKED_OF_RECORD = JOURNAL_RECORD_BYTES - 4;

/** Encodes a header. @throws {RangeError} if it is too long. */
export function encodeJournalHeader(header: JournalHeader): Uint8Array<ArrayBuffer> {
  return encodeHeader(FORMAT, header);
}

/** Decodes the header at the beginning of a journal; undefined if it is invalid or has another version. */
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
  if (!identity || typeof name !== "string") return undefined;
  return isPartialName(name) || isTemporaryName(name) ? { name, ...identity } : undefined;
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
 * Decodes a journal. Ignores everything from the first truncated or damaged record on.
 *
 * @returns undefined if the header is invalid or has another version.
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

/** Returns whether a journal belongs to a source. */
export function isJournalOf({ source }: JournalHeader, other: ResumableSource): boolean {
  return source.size === other.size && source.mtime === other.mtime && source.mtimeNs === other.mtimeNs &&
    source.identity === other.identity;
}

/**
 * Returns blocks in the order of the file, without overlaps. Of several blocks with the same start, the last record wins. A
 * block that overlaps the one before it is dropped.
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
