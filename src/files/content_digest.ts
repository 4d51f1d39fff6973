/**
 * SHA-256 of file contents, for telling whether two files are the same. Loaded only where contents are compared: it
 * takes node:crypto, as Web Cryptography has no digest in pieces, and takes some 20 us for each small file.
 */

import { createHash } from "node:crypto";
import type { RangeReader } from "./engine.ts";

/** Read and digested in one go. */
const PIECE_BYTES = 1 << 20;

/** Of this thread: nobody else has its turn between reading and digesting a piece. */
const piece = new Uint8Array(PIECE_BYTES);

/** The digest of these bytes: 32 bytes. */
export function digestBytes(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/**
 * The digest of bytes [start, end): 32 bytes. Whatever its length, it takes the memory of one piece.
 *
 * @param pause is awaited after each piece where it returns a promise, so that others have their turn.
 * @returns undefined when the file is shorter than that.
 * @throws {FileError} what the reader throws.
 */
export async function digestRange(
  reader: RangeReader,
  start: number,
  end: number,
  pause: () => void | Promise<void>,
): Promise<Uint8Array | undefined> {
  const hash = createHash("sha256");
  for (let at = start; at < end; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, end - at);
    if (reader.readAt(piece, 0, length, at) < length) return undefined;
    hash.update(piece.subarray(0, length));
    const pausing = pause();
    if (pausing) await pausing;
  }
  return hash.digest();
}
