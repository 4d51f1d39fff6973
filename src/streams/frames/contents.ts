/** Where the bytes behind the header of a block or pack are. */

import { ProtocolError } from "../../errors.ts";
import { STORED } from "../../protocol/coding.ts";
import type { Decompressor } from "./decompressor.ts";
import type { FrameReader } from "./frames.ts";

/** Bytes [start, end). */
export interface Contents {
  bytes: Uint8Array<ArrayBuffer>;
  start: number;
  end: number;
}

/**
 * In the frame itself, or where the decompressor has decompressed them to. They stay there until the next frame.
 *
 * @param from one past the header.
 * @param header was checked: its length is within its limit.
 * @throws {ProtocolError} code "bad-coding".
 */
export function contentsOf(
  reader: FrameReader,
  from: number,
  { codec, length }: { codec: number; length: number },
  decompressor: Decompressor | undefined,
): Contents {
  if (codec === STORED) return { bytes: reader.bytes, start: from, end: reader.end };
  if (!decompressor) throw new ProtocolError("bad-coding", "Cannot accept compressed data: none was agreed");
  decompressor.expand(codec, reader.bytes, from, reader.end, length);
  return { bytes: decompressor.bytes, start: decompressor.start, end: decompressor.start + length };
}
