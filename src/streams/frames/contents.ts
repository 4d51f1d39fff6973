/** Contents of a block or pack, after its header. */

import { ProtocolError } from "../../errors.ts";
import { STORED } from "../../protocol/codec_names.ts";
import type { Decompressor } from "./decompressor.ts";
import type { FrameReader } from "./frames.ts";

/** Bytes [start, end). */
export interface Contents {
  bytes: Uint8Array<ArrayBuffer>;
  start: number;
  end: number;
}

/**
 * Returns where the contents are: in the frame, or in the buffer of the decompressor. Valid until the next frame.
 *
 * @param from one past the header.
 * @param header after its checks: its length is within the limit.
 * @throws {ProtocolError} code "bad-coding".
 */
export function contentsOf(
  reader: FrameReader,
  from: number,
  { codec, length }: { codec: number; length: number },
  decompressor: Decompressor | undefined,
): Contents {
  if (codec === STORED) return { bytes: reader.bytes, start: from, end: reader.end };
  if (!decompressor) {
    throw new ProtocolError("bad-coding", "Cannot accept compressed data: compression was not agreed on");
  }
  decompressor.decompress(codec, reader.bytes, from, reader.end, length);
  return { bytes: decompressor.bytes, start: decompressor.start, end: decompressor.start + length };
}
