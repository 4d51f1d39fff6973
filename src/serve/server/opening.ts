/** The first bytes of a client: a first line, or TLS. */

import type { ByteReader } from "../../net/pass.ts";
import { isTlsStart, MAX_FIRST_LINE_BYTES } from "../../protocol/serve/first_line.ts";
import { type ReadLine, readLine } from "../read_line.ts";

/** The beginning of a connection. */
export type Opening =
  | { readonly kind: "line" } & ReadLine
  /** At most MAX_FIRST_LINE_BYTES. */
  | { readonly kind: "tls"; readonly first: Uint8Array<ArrayBuffer> };

/** Reads the beginning of a connection. @throws as `readLine`. */
export async function readOpening(conn: ByteReader): Promise<Opening> {
  const buffer = new Uint8Array(MAX_FIRST_LINE_BYTES);
  const count = await conn.read(buffer);
  if (count === null) throw new Deno.errors.UnexpectedEof("the connection ended");
  const first = buffer.slice(0, count);
  if (isTlsStart(first)) return { kind: "tls", first };
  return { kind: "line", ...await readLine(conn, MAX_FIRST_LINE_BYTES, first) };
}
