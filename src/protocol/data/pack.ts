/** The header of a pack frame's payload; records follow it. See PROTOCOL.md, "Packs". */

import { ProtocolError } from "../../errors.ts";
import { codecOfNumber, STORED } from "../coding.ts";

/** Bytes of the header: unit, attempt, codec, length (u32), zeros; with that of the frame 64, so that contents are aligned. */
export const PACK_HEADER_BYTES = 52;

/** A pack frame's header. */
export interface PackHeader {
  /** The unit of work that it is a part of, u32. */
  unit: number;
  /** How often the unit was begun before, u32: what came of an earlier attempt, on a stream that broke, does not count. */
  attempt: number;
  /** Number of the codec of the records; 0, or left out: they stand there as they are. */
  codec?: number;
  /** Bytes of the records, where they are compressed; otherwise 0, or left out. */
  length?: number;
}

/** Writes the header to bytes[at, at + 52). */
export function writePackHeader(view: DataView, at: number, pack: PackHeader): void {
  view.setUint32(at, pack.unit, true);
  view.setUint32(at + 4, pack.attempt, true);
  view.setUint32(at + 8, pack.codec ?? STORED, true);
  view.setUint32(at + 12, pack.length ?? 0, true);
  for (let rest = 16; rest < PACK_HEADER_BYTES; rest += 4) view.setUint32(at + rest, 0, true);
}

/**
 * Reads the header of a pack frame with the payload bytes[at, end).
 *
 * @param limit most bytes of records that may come out of compressed ones.
 * @throws {ProtocolError} code "bad-record".
 */
export function readPackHeader(view: DataView, at: number, end: number, limit: number): Required<PackHeader> {
  const coded = end - at - PACK_HEADER_BYTES;
  if (coded < 0) throw badPack("it is cut short");
  const unit = view.getUint32(at, true);
  const attempt = view.getUint32(at + 4, true);
  const codec = view.getUint8(at + 8);
  if (codec === STORED) return { unit, attempt, codec, length: 0 };
  const length = view.getUint32(at + 12, true);
  if (!codecOfNumber(codec)) throw badPack(`codec ${codec} is not known`);
  if (length > limit) throw badPack(`it stands for ${length} bytes, the limit is ${limit}`);
  if (coded >= length) throw badPack(`compressed, it has ${coded} bytes for ${length}`);
  return { unit, attempt, codec, length };
}

function badPack(state: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read a pack: ${state}`);
}
