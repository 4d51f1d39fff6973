/** The header of a block, which is a piece of a large file. See WIRE_FORMAT.md, "Blocks". */

import { ProtocolError } from "../../errors.ts";
import { CODEC_NUMBERS, codecOfNumber } from "../codec_names.ts";
import { MAX_SHARED_BYTES, SHARED_FILE_BYTES } from "./shared_file.ts";
import { getUint53, putUint53 } from "./records.ts";

/** Encoding of the bytes after a block's header. */
export const BlockCodec = {
  /** Uncompressed. */
  stored: 0,
  /** All bytes are zero, and none follow. */
  zeros: 1,
  zstd: CODEC_NUMBERS.zstd,
  deflate: CODEC_NUMBERS.deflate,
  /** A reference to an open file of the sender (shared_file.ts), from which the receiver copies. On one machine only. */
  reference: 4,
  /** The offset in the old file that the receiver is about to replace, from which it copies. Feature "delta". */
  old: 5,
} as const;

/** Length of the contents of a block of an old file: an offset. */
export const OLD_OFFSET_BYTES = 8;
/** Maximum `length` of a block of an old file. The receiver does other work between two blocks. */
export const MAX_OLD_BYTES = 16 << 20;

/** Length of the header. Together with the frame's header it is 64 bytes, so that contents are aligned (alignment.ts). */
export const BLOCK_HEADER_BYTES = 52;

const LAST_OF_UNIT = 1;

/** The header of a block. */
export interface BlockHeader {
  /** Number of the unit, u32. */
  unit: number;
  /** Number of the file in "open", u32. */
  file: number;
  /** Offset of the first byte in the file. */
  offset: number;
  /** Number of bytes of the file. */
  length: number;
  /** CRC-32 of these bytes; 0 for a reference. */
  crc32: number;
  /** One of `BlockCodec`. */
  codec: number;
  /** This is the last block of its unit. */
  last: boolean;
}

/** Writes a header to bytes[at, at + 52). */
export function writeBlockHeader(view: DataView, at: number, block: BlockHeader): void {
  view.setUint32(at, block.unit, true);
  view.setUint32(at + 4, block.file, true);
  putUint53(view, at + 8, block.offset);
  view.setUint32(at + 16, block.length, true);
  view.setUint32(at + 20, block.crc32, true);
  view.setUint8(at + 24, block.codec);
  view.setUint8(at + 25, block.last ? LAST_OF_UNIT : 0);
  view.setUint16(at + 26, 0, true);
  for (let rest = 28; rest < BLOCK_HEADER_BYTES; rest += 4) view.setUint32(at + rest, 0, true);
}

/**
 * Reads the header of the block in the payload bytes[at, end).
 *
 * @param limit maximum `length` of a stored or compressed block.
 * @throws {ProtocolError} code "bad-block".
 */
export function readBlockHeader(view: DataView, at: number, end: number, limit: number): BlockHeader {
  if (end - at < BLOCK_HEADER_BYTES) throw badBlock("its header is truncated");
  const block = {
    unit: view.getUint32(at, true),
    file: view.getUint32(at + 4, true),
    offset: getUint53(view, at + 8),
    length: view.getUint32(at + 16, true),
    crc32: view.getUint32(at + 20, true),
    codec: view.getUint8(at + 24),
    last: (view.getUint8(at + 25) & LAST_OF_UNIT) !== 0,
  };
  const stored = end - at - BLOCK_HEADER_BYTES;
  if (!Number.isSafeInteger(block.offset + block.length)) throw badBlock("its offset is out of range");
  if (block.codec === BlockCodec.stored) {
    if (stored !== block.length) throw badBlock(`its length is ${block.length} bytes, but ${stored} follow`);
    if (block.length > limit) throw badBlock(`its length is ${block.length} bytes, the limit is ${limit}`);
  } else if (block.codec === BlockCodec.zeros) {
    if (stored !== 0) throw badBlock("bytes follow a block of zeros");
  } else if (block.codec === BlockCodec.reference) {
    if (stored !== SHARED_FILE_BYTES) throw badBlock(`a reference has ${SHARED_FILE_BYTES} bytes, not ${stored}`);
    if (block.length > MAX_SHARED_BYTES) {
      throw badBlock(`its length is ${block.length} bytes, the limit is ${MAX_SHARED_BYTES}`);
    }
    if (block.crc32 !== 0) throw badBlock("the CRC-32 of a reference is not 0");
  } else if (block.codec === BlockCodec.old) {
    if (stored !== OLD_OFFSET_BYTES) throw badBlock(`an offset has ${OLD_OFFSET_BYTES} bytes, not ${stored}`);
    if (block.length > MAX_OLD_BYTES) {
      throw badBlock(`its length is ${block.length} bytes, the limit is ${MAX_OLD_BYTES}`);
    }
  } else if (codecOfNumber(block.codec)) {
    if (block.length > limit) throw badBlock(`its length is ${block.length} bytes, the limit is ${limit}`);
    if (stored >= block.length) throw badBlock(`it has ${stored} compressed bytes for ${block.length}`);
  } else {
    throw badBlock(`codec ${block.codec} is unknown`);
  }
  return block;
}

/** Writes the offset in the old file to bytes[at, at + 8). */
export function writeOldOffset(view: DataView, at: number, offset: number): void {
  putUint53(view, at, offset);
}

/**
 * Reads the offset in the old file at bytes[at, at + 8).
 *
 * @param size size of the old file.
 * @throws {ProtocolError} code "bad-block" if the block exceeds the old file.
 */
export function readOldOffset(
  view: DataView,
  at: number,
  { length }: Pick<BlockHeader, "length">,
  size: number,
): number {
  const offset = getUint53(view, at);
  if (!Number.isSafeInteger(offset + length) || offset + length > size) throw badBlock("it exceeds the old file");
  return offset;
}

function badBlock(problem: string): ProtocolError {
  return new ProtocolError("bad-block", `Cannot read a block from the peer: ${problem}`);
}
