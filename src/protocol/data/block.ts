/** The header of a block: a piece of a ranged file, at the start of a block frame's payload. See PROTOCOL.md, "Blocks". */

import { ProtocolError } from "../../errors.ts";
import { CODEC_NUMBERS, codecOfNumber } from "../coding.ts";
import { MAX_SHARED_BYTES, SHARED_FILE_BYTES } from "./shared_file.ts";
import { getUint53, putUint53 } from "./records.ts";

/** How the bytes of a block are coded behind its header. */
export const BlockCodec = {
  /** As they are. */
  stored: 0,
  /** Nothing follows: all bytes are zero. */
  zeros: 1,
  /** Compressed. */
  zstd: CODEC_NUMBERS.zstd,
  deflate: CODEC_NUMBERS.deflate,
  /** A lent file follows (lent.ts), which the receiver copies them from. Only where both ends are on one machine. */
  lent: 4,
} as const;

/** Bytes of the header: with that of the frame 64, so that contents are aligned (alignment.ts). The last 24 are zero. */
export const BLOCK_HEADER_BYTES = 52;

const LAST_OF_UNIT = 1;

/** A block's header. */
export interface BlockHeader {
  /** The unit of work that it belongs to, u32. */
  unit: number;
  /** The file, as numbered by the sender's "open" message, u32. */
  file: number;
  /** First byte in the file. */
  offset: number;
  /** Bytes of the file that it stands for. */
  length: number;
  /** CRC-32 of those bytes; 0 where they are lent. */
  crc32: number;
  /** One of `BlockCodec`. */
  codec: number;
  /** No block of this unit follows. */
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
 * Reads the header of a block whose frame's payload is bytes[at, end).
 *
 * @param limit most bytes that a block may stand for.
 * @throws {ProtocolError} code "bad-block".
 */
export function readBlockHeader(view: DataView, at: number, end: number, limit: number): BlockHeader {
  if (end - at < BLOCK_HEADER_BYTES) throw badBlock("its header is cut short");
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
    if (stored !== block.length) throw badBlock(`it claims ${block.length} bytes and has ${stored}`);
    if (block.length > limit) throw badBlock(`it has ${block.length} bytes, the limit is ${limit}`);
  } else if (block.codec === BlockCodec.zeros) {
    if (stored !== 0) throw badBlock("a block of zeros has contents");
  } else if (block.codec === BlockCodec.lent) {
    if (stored !== SHARED_FILE_BYTES) throw badBlock(`a lent file takes ${SHARED_FILE_BYTES} bytes, not ${stored}`);
    if (block.length > MAX_SHARED_BYTES) {
      throw badBlock(`it stands for ${block.length} bytes, the limit is ${MAX_SHARED_BYTES}`);
    }
    if (block.crc32 !== 0) throw badBlock("nobody has computed the CRC-32 of a lent file");
  } else if (codecOfNumber(block.codec)) {
    if (block.length > limit) throw badBlock(`it stands for ${block.length} bytes, the limit is ${limit}`);
    if (stored >= block.length) throw badBlock(`compressed, it has ${stored} bytes for ${block.length}`);
  } else {
    throw badBlock(`codec ${block.codec} is not known`);
  }
  return block;
}

function badBlock(state: string): ProtocolError {
  return new ProtocolError("bad-block", `Cannot read a block from the other side: ${state}`);
}
