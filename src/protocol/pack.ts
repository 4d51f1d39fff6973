/** The header of a pack frame's payload; records follow it. See PROTOCOL.md, "Packs". */

import { ProtocolError } from "../errors.ts";

/** Bytes of the header: unit (u32), attempt (u32), zeros; with that of the frame 64, so that contents are aligned. */
export const PACK_HEADER_BYTES = 52;

/** A pack frame's header. */
export interface PackHeader {
  /** The unit of work that it is a part of, u32. */
  unit: number;
  /** How often the unit was begun before, u32: what came of an earlier attempt, on a stream that broke, does not count. */
  attempt: number;
}

/** Writes the header to bytes[at, at + 52). */
export function writePackHeader(view: DataView, at: number, { unit, attempt }: PackHeader): void {
  view.setUint32(at, unit, true);
  view.setUint32(at + 4, attempt, true);
  for (let rest = 8; rest < PACK_HEADER_BYTES; rest += 4) view.setUint32(at + rest, 0, true);
}

/**
 * Reads the header of a pack frame with the payload bytes[at, end).
 *
 * @throws {ProtocolError} code "bad-record".
 */
export function readPackHeader(view: DataView, at: number, end: number): PackHeader {
  if (end - at < PACK_HEADER_BYTES) throw new ProtocolError("bad-record", "Cannot read a pack: it is cut short");
  return { unit: view.getUint32(at, true), attempt: view.getUint32(at + 4, true) };
}
