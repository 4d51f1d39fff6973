/**
 * Signature requests: the sender asks for digests of an old file, which the receiver is about to replace. Layout:
 * WIRE_FORMAT.md, "Signature requests".
 */

import { ProtocolError } from "../../errors.ts";
import type { ByteRange } from "./range_sums.ts";
import { getUint53, putUint53 } from "./records.ts";

/** Length of the digest of a block, in bytes. */
export const BLOCK_DIGEST_BYTES = 16;
/** Length of the key of digests, in bytes. */
export const DIGEST_KEY_BYTES = 16;
/** Length of a digest and the CRC-32 of its block. */
export const COARSE_ENTRY_BYTES = 20;
/** Size of a block whose digest has no CRC-32. */
export const FINE_BLOCK_BYTES = 4096;
/** Minimum and maximum size of a block whose digest has a CRC-32. */
export const MIN_COARSE_BYTES = 8 << 10;
export const MAX_COARSE_BYTES = 1 << 20;
/** Maximum number of ranges of a request. */
export const MAX_SIGNED_RANGES = 4096;
/** Maximum bytes of all ranges of a request. */
export const MAX_SIGNED_BYTES = 64 << 20;
/** Maximum length of the digests of a request, in bytes. */
export const MAX_DIGESTS_BYTES = 512 << 10;

const HEADER_BYTES = 20;
const RANGE_BYTES = 16;

/** A signature request. */
export interface SignatureRequest {
  /** Number of the unit, u32. */
  unit: number;
  /** Number of the file in "open", u32. */
  file: number;
  /** FINE_BLOCK_BYTES, or a power of two from MIN_COARSE_BYTES to MAX_COARSE_BYTES. */
  blockBytes: number;
  /** Ranges of the old file, in whole blocks. */
  ranges: ByteRange[];
}

/** Returns the length of the digest of one block, with its CRC-32 if it has one. */
export function entryBytesOf({ blockBytes }: Pick<SignatureRequest, "blockBytes">): number {
  return blockBytes === FINE_BLOCK_BYTES ? BLOCK_DIGEST_BYTES : COARSE_ENTRY_BYTES;
}

/** Returns the length of all digests of a request, in bytes. */
export function digestsBytesOf({ ranges, blockBytes }: Pick<SignatureRequest, "ranges" | "blockBytes">): number {
  const entry = entryBytesOf({ blockBytes });
  let bytes = 0;
  for (const { start, end } of ranges) bytes += Math.ceil((end - start) / blockBytes) * entry;
  return bytes;
}

/** Writes a request to bytes[at, ...). @returns the offset after it. */
export function writeSignatureRequest(view: DataView, at: number, request: SignatureRequest): number {
  const { unit, file, blockBytes, ranges } = request;
  view.setUint32(at, unit, true);
  view.setUint32(at + 4, file, true);
  view.setUint32(at + 8, blockBytes, true);
  view.setUint32(at + 12, ranges.length, true);
  view.setUint32(at + 16, 0, true);
  at += HEADER_BYTES;
  for (const { start, end } of ranges) {
    putUint53(view, at, start);
    putUint53(view, at + 8, end);
    at += RANGE_BYTES;
  }
  return at;
}

/** Reads the request in the payload bytes[at, end). @throws {ProtocolError} code "bad-signature". */
export function readSignatureRequest(view: DataView, at: number, end: number): SignatureRequest {
  if (end - at < HEADER_BYTES) throw badRequest("it is truncated");
  const unit = view.getUint32(at, true);
  const file = view.getUint32(at + 4, true);
  const blockBytes = view.getUint32(at + 8, true);
  const count = view.getUint32(at + 12, true);
  if (!isBlockSize(blockBytes)) throw badRequest(`blocks of ${blockBytes} bytes`);
  if (count === 0 || count > MAX_SIGNED_RANGES) throw badRequest(`it has ${count} ranges`);
  if (end - at - HEADER_BYTES !== count * RANGE_BYTES) throw badRequest(`its length does not fit ${count} ranges`);
  const ranges = Array.from({ length: count }, (_, index) => {
    return readRange(view, at + HEADER_BYTES + index * RANGE_BYTES, blockBytes);
  });
  const request = { unit, file, blockBytes, ranges };
  let bytes = 0;
  for (const { start, end } of ranges) bytes += end - start;
  if (bytes > MAX_SIGNED_BYTES || digestsBytesOf(request) > MAX_DIGESTS_BYTES) throw badRequest("it is too long");
  return request;
}

/** Reads a range. Smaller blocks would let the sender find their contents by guessing. */
function readRange(view: DataView, at: number, blockBytes: number): ByteRange {
  const start = getUint53(view, at);
  const end = getUint53(view, at + 8);
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || end <= start) throw badRequest("a range is wrong");
  if (start % blockBytes !== 0 || end % blockBytes !== 0) throw badRequest("a range is not in whole blocks");
  return { start, end };
}

function isBlockSize(bytes: number): boolean {
  if (bytes === FINE_BLOCK_BYTES) return true;
  return bytes >= MIN_COARSE_BYTES && bytes <= MAX_COARSE_BYTES && (bytes & (bytes - 1)) === 0;
}

function badRequest(problem: string): ProtocolError {
  return new ProtocolError("bad-signature", `Cannot read a signature request from the peer: ${problem}`);
}
