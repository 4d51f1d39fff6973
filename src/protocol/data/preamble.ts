/** The preamble: what a connection says in the clear before its first frame. See PROTOCOL.md, "Streams". */

import { ProtocolError } from "../../errors.ts";
import { alignUp } from "./alignment.ts";

const MAGIC = "ESCPDATA";
const SESSION_BYTES = 16;

/** Bytes of a preamble: magic (8), session (16), number of the stream (4, big-endian), zeros up to a multiple of 64. */
export const PREAMBLE_BYTES = alignUp(MAGIC.length + SESSION_BYTES + 4);

/** @param session 16 bytes in hexadecimal. */
export function formatPreamble(session: string, stream: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PREAMBLE_BYTES);
  new TextEncoder().encodeInto(MAGIC, bytes);
  for (let i = 0; i < SESSION_BYTES; i++) bytes[MAGIC.length + i] = parseInt(session.slice(2 * i, 2 * i + 2), 16);
  new DataView(bytes.buffer).setUint32(MAGIC.length + SESSION_BYTES, stream);
  return bytes;
}

/**
 * The session that a preamble names, in hexadecimal.
 *
 * @throws {ProtocolError} code "bad-preamble" when it is none.
 */
export function preambleSession(bytes: Uint8Array): string {
  const name = bytes.subarray(MAGIC.length, MAGIC.length + SESSION_BYTES);
  const session = name.toHex();
  parsePreamble(bytes, session);
  return session;
}

/**
 * The number of the stream.
 *
 * @throws {ProtocolError} code "bad-preamble" when it is not one of this session.
 */
export function parsePreamble(bytes: Uint8Array, session: string): number {
  if (bytes.length !== PREAMBLE_BYTES) {
    throw new ProtocolError("bad-preamble", "Cannot read a preamble: it is cut short");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stream = view.getUint32(MAGIC.length + SESSION_BYTES);
  const expected = formatPreamble(session, stream);
  if (bytes.some((byte, at) => byte !== expected[at])) {
    throw new ProtocolError("bad-preamble", "A connection came that is not of this session");
  }
  return stream;
}
