/** The preamble: the unencrypted bytes before the first frame of a connection. See WIRE_FORMAT.md, "Preamble". */

import { equals } from "../../bytes.ts";
import { ProtocolError } from "../../errors.ts";
import { alignUp } from "./alignment.ts";

const MAGIC = "ESCPDATA";
const SESSION_BYTES = 16;

/** Length of the preamble: magic (8), session (16), stream number (4, big-endian), zeros up to a multiple of 64. */
export const PREAMBLE_BYTES = alignUp(MAGIC.length + SESSION_BYTES + 4);

/** Formats a preamble. @param session 16 bytes in hexadecimal. */
export function formatPreamble(session: string, stream: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PREAMBLE_BYTES);
  new TextEncoder().encodeInto(MAGIC, bytes);
  for (let i = 0; i < SESSION_BYTES; i++) bytes[MAGIC.length + i] = parseInt(session.slice(2 * i, 2 * i + 2), 16);
  new DataView(bytes.buffer).setUint32(MAGIC.length + SESSION_BYTES, stream);
  return bytes;
}

/**
 * Returns the session in a preamble, in hexadecimal.
 *
 * @throws {ProtocolError} code "bad-preamble" if the bytes are not a preamble.
 */
export function preambleSession(bytes: Uint8Array): string {
  const name = bytes.subarray(MAGIC.length, MAGIC.length + SESSION_BYTES);
  const session = name.toHex();
  parsePreamble(bytes, session);
  return session;
}

/**
 * Returns the stream number in a preamble.
 *
 * @throws {ProtocolError} code "bad-preamble" if the bytes are not a preamble of this session.
 */
export function parsePreamble(bytes: Uint8Array, session: string): number {
  if (bytes.length !== PREAMBLE_BYTES) {
    throw new ProtocolError("bad-preamble", "Cannot read a preamble: it is truncated");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stream = view.getUint32(MAGIC.length + SESSION_BYTES);
  if (!equals(bytes, formatPreamble(session, stream))) {
    throw new ProtocolError("bad-preamble", "Cannot accept a connection: it does not belong to this session");
  }
  return stream;
}
