/** Decompresses the contents of blocks and packs. */

import type { Codec } from "../../compress/codec.ts";
import { ProtocolError } from "../../errors.ts";
import { BLOCK_HEADER_BYTES } from "../../protocol/data/block.ts";
import { type CodecName, codecOfNumber } from "../../protocol/codec_names.ts";
import { FRAME_HEADER_BYTES } from "../../protocol/data/frame.ts";
import { FRAME_START, frameBuffer } from "./frames.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Decompressor of one receiving stream. */
export class Decompressor {
  /** Start of the contents in `bytes`, as in the buffer of a frame. */
  readonly start = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;
  /** Buffer with the last contents. */
  bytes: Bytes = new Uint8Array(0);
  readonly #codecs: ReadonlyMap<CodecName, Codec>;

  /** @param codecs that the sender may use. */
  constructor(codecs: readonly Codec[]) {
    this.#codecs = new Map(codecs.map((codec) => [codec.name, codec]));
  }

  /**
   * Decompresses from[start, end) to `length` bytes at `this.start` in `bytes`.
   *
   * @param codecNumber from a header after its checks: `length` is within the limit.
   * @throws {ProtocolError} code "bad-coding".
   */
  decompress(codecNumber: number, from: Bytes, start: number, end: number, length: number): void {
    const name = codecOfNumber(codecNumber);
    const codec = name && this.#codecs.get(name);
    if (!codec) {
      throw new ProtocolError("bad-coding", `Cannot decompress with codec ${codecNumber}: it was not agreed on`);
    }
    if (this.bytes.length < this.start + length) this.bytes = frameBuffer(length);
    codec.decompress(from, start, end, this.bytes, this.start, length);
  }

  /** Frees the codecs. */
  close(): void {
    for (const codec of this.#codecs.values()) codec.close();
  }
}
