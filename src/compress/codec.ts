/** Interface of the codecs, which compress whole buffers. */

import { ProtocolError } from "../errors.ts";
import type { CodecName } from "../protocol/codec_names.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A codec of one stream. Streams do not share it, because it may keep contexts between calls. */
export interface Codec {
  readonly name: CodecName;
  /** The library that does the work, such as "libzstd 1.5.4". */
  readonly library: string;
  /**
   * Compresses from[start, end) to the beginning of `to`.
   *
   * @param limit Maximum number of bytes to write, at most to.length.
   * @returns the number of bytes written; undefined if `limit` is too small. Then the contents of `to` are arbitrary.
   */
  compress(from: Bytes, start: number, end: number, to: Bytes, limit: number): number | undefined;
  /**
   * Decompresses untrusted data in from[start, end) to exactly to[at, at + length). Never writes elsewhere, and allocates
   * at most a small multiple of `length`.
   *
   * @param length At least 1.
   * @throws {ProtocolError} Code "bad-coding" if the data is not valid or its decompressed length differs.
   */
  decompress(from: Bytes, start: number, end: number, to: Bytes, at: number, length: number): void;
  /** Frees the contexts. May be called repeatedly. */
  close(): void;
}

/** Maximum bytes of one input or output, more than the maximum of a frame. */
export const MAX_INPUT_BYTES = 32 << 20;

/** Returns a view of bytes[start, end). Checks the range, because native codecs use addresses. @throws {RangeError} */
export function rangeOf(bytes: Bytes, start: number, end: number): Bytes {
  const inside = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end &&
    end <= bytes.byteLength && end - start <= MAX_INPUT_BYTES;
  if (!inside) throw new RangeError(`Cannot code [${start}, ${end}) of ${bytes.byteLength} bytes`);
  return bytes.subarray(start, end);
}

/** Returns the error that `decompress` throws. */
export function badCoding(name: CodecName, cause?: unknown): ProtocolError {
  return new ProtocolError("bad-coding", `Cannot decompress data of the peer: not valid ${name}`, { cause });
}
