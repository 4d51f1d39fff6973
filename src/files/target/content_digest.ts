/**
 * SHA-256 of file contents, to compare files. Loaded only if contents are compared. Web Cryptography cannot digest in
 * pieces, and takes some 20 us per small file, so this module uses node:crypto.
 */

import { createHash } from "node:crypto";
import { combineCrc32, crc32 } from "../../protocol/crc32.ts";
import type { RangeReader } from "../engine/source.ts";

/** Bytes that are read and digested at a time. */
const PIECE_BYTES = 1 << 20;

/** Checksum and digest of a range of a file. */
export interface ContentSum {
  crc32: number;
  /** SHA-256: 32 bytes; undefined if it was not requested. */
  digest?: Uint8Array;
}

/** Shared by all calls in this thread: there is no await between reading and digesting a piece. */
const piece = new Uint8Array(PIECE_BYTES);

/** Returns the SHA-256 digest of 32 bytes. */
export function digestBytes(bytes: Uint8Array): Uint8Array {
  // Copied, because node:crypto may return a view of a larger buffer, all of which would be posted to other threads.
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/**
 * Sums the bytes [start, end) of a file, with the memory of one piece.
 *
 * @param pause Called after each piece; yields to the event loop if it returns a promise.
 * @param options.sha256 Whether to compute the digest. Default: true.
 * @returns undefined if the file is shorter.
 * @throws {FileError} From the reader.
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
