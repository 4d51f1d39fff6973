/** Compression of whole pieces: what a codec does, whoever does the work. */

import { ProtocolError } from "../errors.ts";
import type { CodecName } from "../protocol/coding.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One codec of one stream. It is not shared: it may keep state between calls to save time. */
export interface Codec {
  readonly name: CodecName;
  /** Whose code does the work, such as "libzstd 1.5.4". */
  readonly library: string;
  /**
   * Compresses from[start, end) to to[0, ...), as far as it then takes at most `limit` bytes.
   *
   * @param limit at most to.length.
   * @returns how many bytes it takes; undefined when they would be more, and `to` holds nothing of use.
   */
  compress(from: Bytes, start: number, end: number, to: Bytes, limit: number): number | undefined;
  /**
   * Decompresses from[start, end), which comes from the peer, to exactly to[at, at + length). Never writes elsewhere,
   * and never takes more memory than a small multiple of `length`.
   *
   * @param length at least 1.
   * @throws {ProtocolError} code "bad-coding" when it is not what a codec makes of so many bytes.
   */
  decompress(from: Bytes, start: number, end: number, to: Bytes, at: number, length: number): void;
  /** Frees what it holds. Harmless when repeated. */
  close(): void;
}

/** Most bytes of one piece: more than any frame has. */
export const MAX_PIECE_BYTES = 32 << 20;

/** A view of bytes[start, end), which must be there: native codecs work on bare addresses. @throws {RangeError} */
export function pieceOf(bytes: Bytes, start: number, end: number): Bytes {
  const inside = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end &&
    end <= bytes.byteLength && end - start <= MAX_PIECE_BYTES;
  if (!inside) throw new RangeError(`Cannot code [${start}, ${end}) of ${bytes.byteLength} bytes`);
  return bytes.subarray(start, end);
}

/** What `decompress` throws. */
export function badCoding(name: CodecName, cause?: unknown): ProtocolError {
  const error = new ProtocolError("bad-coding", `Cannot decompress what the other side sent: it is no sound ${name}`);
  error.cause = cause;
  return error;
}
