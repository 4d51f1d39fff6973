/**
 * SHA-256 of file contents, for telling whether two files are the same. Loaded only where contents are compared: it
 * takes node:crypto, as Web Cryptography has no digest in pieces, and takes some 20 us for each small file.
 */

import { createHash } from "node:crypto";
import { combineCrc32, crc32 } from "../../protocol/crc32.ts";
import type { RangeReader } from "../engine/source.ts";

/** Read and digested in one go. */
const PIECE_BYTES = 1 << 20;

/** What is known of some bytes of a file. */
export interface ContentSum {
  crc32: number;
  /** SHA-256: 32 bytes; undefined where it was not wanted. */
  digest?: Uint8Array;
}

/** Of this thread: nobody else has its turn between reading and digesting a piece. */
const piece = new Uint8Array(PIECE_BYTES);

/** The digest of these bytes: 32 bytes. */
export function digestBytes(bytes: Uint8Array): Uint8Array {
  // A copy: what node:crypto returns may be a view of a larger buffer, all of which would cross threads.
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/**
 * Reads bytes [start, end) in order. Whatever their number, it takes the memory of one piece.
 *
 * @param pause is awaited after each piece where it returns a promise, so that others have their turn.
 * @param options.sha256 whether the digest is wanted. Default true.
 * @returns undefined when the file is shorter than that.
 * @throws {FileError} what the reader throws.
 */
export async function sumRange(
  reader: RangeReader,
  start: number,
  end: number,
  pause: () => void | Promise<void>,
  { sha256 = true } = {},
): Promise<ContentSum | undefined> {
  const hash = sha256 ? createHash("sha256") : undefined;
  let sum = 0;
  for (let at = start; at < end; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, end - at);
    if (reader.readAt(piece, 0, length, at) < length) return undefined;
    sum = combineCrc32(sum, crc32(piece, 0, length), length);
    hash?.update(piece.subarray(0, length));
    const pausing = pause();
    if (pausing) await pausing;
  }
  return { crc32: sum, digest: hash && new Uint8Array(hash.digest()) };
}
