/** The header of a pack, which precedes its records. See WIRE_FORMAT.md, "Packs". */

import { ProtocolError } from "../../errors.ts";
import { codecOfNumber, STORED } from "../codec_names.ts";

/** Length of the header. Together with the frame's header it is 64 bytes, so that contents are aligned (alignment.ts). */
export const PACK_HEADER_BYTES = 52;

/** Kinds of pack frames. A file in pieces is the only file of its unit, and its frames follow each other. */
export const Piece = {
  /** Records with all of their contents. */
  none: 0,
  /** `enter` and `file` records, and the beginning of the file's contents. */
  first: 1,
  /** Contents that follow those of the last frame. */
  next: 2,
  /** As `next`, up to the end of the file. */
  last: 3,
  /** The sender cannot read the rest. The frame is empty. */
  abandoned: 4,
} as const;

/** The header of a pack frame. */
export interface PackHeader {
  /** Number of the unit, u32. */
  unit: number;
  /** Number of earlier attempts to send the unit, u32. Records of an earlier attempt, on a broken stream, do not count. */
  attempt: number;
  /** Number of the codec of the records. Default: `STORED`. */
  codec?: number;
  /** Length of the decompressed records, in bytes. 0 if they are stored. */
  length?: number;
  /** One of `Piece`. Default: `none`. */
  piece?: number;
  /** With `last`: whether the file changed just before it was read, or meanwhile. Default: false. */
  isFresh?: boolean;
  /** CRC-32 of the contents in a piece. Default: 0. */
  crc32?: number;
  /** With `first`: length of the records before the contents, in bytes. Default: 0. */
  records?: number;
}

/** Writes the header to bytes[at, at + 52). */
export function writePackHeader(view: DataView, at: number, pack: PackHeader): void {
  view.setUint32(at, pack.unit, true);
  view.setUint32(at + 4, pack.attempt, true);
  view.setUint32(at + 8, pack.codec ?? STORED, true);
  view.setUint32(at + 12, pack.length ?? 0, true);
  view.setUint8(at + 16, pack.piece ?? Piece.none);
  view.setUint8(at + 17, pack.isFresh ? 1 : 0);
  view.setUint16(at + 18, 0, true);
  view.setUint32(at + 20, pack.crc32 ?? 0, true);
  view.setUint32(at + 24, pack.records ?? 0, true);
  for (let rest = 28; rest < PACK_HEADER_BYTES; rest += 4) view.setUint32(at + rest, 0, true);
}

/**
 * Reads the header of the pack in the payload bytes[at, end).
 *
 * @param limit maximum length of the decompressed records, in bytes.
 * @throws {ProtocolError} code "bad-record".
 */
export function readPackHeader(view: DataView, at: number, end: number, limit: number): Required<PackHeader> {
  const coded = end - at - PACK_HEADER_BYTES;
  if (coded < 0) throw badPack("it is truncated");
  const unit = view.getUint32(at, true);
  const attempt = view.getUint32(at + 4, true);
  const codec = view.getUint8(at + 8);
  const piece = view.getUint8(at + 16);
  const isFresh = view.getUint8(at + 17) === 1;
  const crc32 = view.getUint32(at + 20, true);
  const records = view.getUint32(at + 24, true);
  if (piece > Piece.abandoned) throw badPack(`piece ${piece} is unknown`);
  const header = { unit, attempt, codec, length: 0, piece, isFresh, crc32, records };
  if (codec === STORED) return header;
  const length = view.getUint32(at + 12, true);
  if (!codecOfNumber(codec)) throw badPack(`codec ${codec} is unknown`);
  if (length > limit) throw badPack(`its records have ${length} bytes, the limit is ${limit}`);
  if (coded >= length) throw badPack(`it has ${coded} compressed bytes for ${length}`);
  return { ...header, length };
}

function badPack(problem: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read a pack from the peer: ${problem}`);
}
