/** Gives back the contents of blocks and packs that came compressed. */

import type { Codec } from "../../compress/codec.ts";
import { ProtocolError } from "../../errors.ts";
import { BLOCK_HEADER_BYTES } from "../../protocol/data/block.ts";
import { type CodecName, codecOfNumber } from "../../protocol/coding.ts";
import { FRAME_HEADER_BYTES } from "../../protocol/data/frame.ts";
import { FRAME_START, frameBuffer } from "./frames.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One for each receiving stream. */
export class Decompressor {
  /** Where contents begin in `bytes`: where they would in the buffer of their frame. */
  readonly start = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;
  /** Holds what came out last. */
  bytes: Bytes = new Uint8Array(0);
  readonly #codecs: ReadonlyMap<CodecName, Codec>;

  /** @param codecs those that the sender may use. */
  constructor(codecs: readonly Codec[]) {
    this.#codecs = new Map(codecs.map((codec) => [codec.name, codec]));
  }

  /**
   * Expands from[start, end) to `length` bytes, at `start` in `bytes`.
   *
   * @param coding a codec's number, of a header that was checked: `length` is within its limit.
   * @throws {ProtocolError} code "bad-coding".
   */
  expand(coding: number, from: Bytes, start: number, end: number, length: number): void {
    const name = codecOfNumber(coding);
    const codec = name && this.#codecs.get(name);
    if (!codec) throw new ProtocolError("bad-coding", `Cannot decompress with codec ${coding}: it was not agreed`);
    if (this.bytes.length < this.start + length) this.bytes = frameBuffer(length);
    codec.decompress(from, start, end, this.bytes, this.start, length);
  }

  /** Frees the codecs. */
  close(): void {
    for (const codec of this.#codecs.values()) codec.close();
  }
}
