/** Reads a known number of bytes from a connection. */

import type { ByteReader } from "./pass.ts";

/** Reads as many bytes, and none beyond them. @throws {Deno.errors.UnexpectedEof} if the source ends before. */
export async function readExactly(from: ByteReader, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await from.read(bytes.subarray(at));
    if (count === null) throw new Deno.errors.UnexpectedEof();
    at += count;
  }
  return bytes;
}
