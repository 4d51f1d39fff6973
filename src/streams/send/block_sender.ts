/** Sends the blocks of large files. Contents are read directly into the buffer of their frame. */

import { isZero } from "../../files/output/zero_pages.ts";
import { combineCrc32, crc32, crc32OfZeros } from "../../protocol/crc32.ts";
import {
  BLOCK_HEADER_BYTES,
  BlockCodec,
  type BlockHeader,
  OLD_OFFSET_BYTES,
  writeBlockHeader,
  writeOldOffset,
} from "../../protocol/data/block.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { SHARED_FILE_BYTES, type SharedFile, writeSharedFile } from "../../protocol/data/shared_file.ts";
import type { CopySegment } from "../../delta/segments.ts";
import type { Compressor } from "../frames/compressor.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import { FRAME_START } from "../frames/frames.ts";
import type { RangeUnit } from "../unit.ts";

/** Position of the contents of a block in the buffer of its frame. */
export const CONTENTS = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;

/** A range whose blocks are sent. */
export interface SentBlocks {
  readonly unit: Pick<RangeUnit, "unit" | "file" | "end">;
  /** CRC-32 of the blocks sent so far. */
  crc32: number;
}

type Place = Pick<BlockHeader, "offset" | "length">;

/** Sends the blocks of one stream. */
export class BlockSender {
  readonly #out: FrameSender;
  readonly #options: { sparse: boolean; compressor?: Compressor };

  /** @param options.sparse Whether blocks of zeros are sent as holes. */
  constructor(out: FrameSender, options: { sparse: boolean; compressor?: Compressor }) {
    this.#out = out;
    this.#options = options;
  }

  /** Buffer whose bytes from CONTENTS on are the contents of the next block. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#out.bytes;
  }

  /** Sends the contents in the buffer, or zeros. */
  async send(sent: SentBlocks, place: Place, { isHole = false } = {}): Promise<void> {
    const { sparse, compressor } = this.#options;
    const { length } = place;
    const sum = isHole ? crc32OfZeros(length) : crc32(this.bytes, CONTENTS, CONTENTS + length);
    const zeros = isHole || (sparse && this.#isZero(sum, length));
    const coded = zeros ? 0 : compressor?.compress(this.bytes, CONTENTS, CONTENTS + length);
    const codec = zeros ? BlockCodec.zeros : coded === undefined ? BlockCodec.stored : compressor!.codecNumber;
    await this.#send(sent, { ...place, crc32: sum, codec }, coded ?? length);
  }

  /** Sends a reference to a shared file instead of contents. Its CRC-32 is unknown. */
  async sendReference(sent: SentBlocks, place: Place, shared: SharedFile): Promise<void> {
    writeSharedFile(this.#out.view, CONTENTS, shared);
    await this.#send(sent, { ...place, crc32: 0, codec: BlockCodec.reference }, SHARED_FILE_BYTES);
  }

  /** Sends the offset of the contents in the old file. */
  async sendOld(sent: SentBlocks, { start, end, old, crc32 }: CopySegment): Promise<void> {
    writeOldOffset(this.#out.view, CONTENTS, old);
    const block = { offset: start, length: end - start, crc32, codec: BlockCodec.old };
    await this.#send(sent, block, OLD_OFFSET_BYTES);
  }

  async #send(sent: SentBlocks, block: Omit<BlockHeader, "unit" | "file" | "last">, bytes: number): Promise<void> {
    const { unit, file, end } = sent.unit;
    sent.crc32 = combineCrc32(sent.crc32, block.crc32, block.length);
    const last = block.offset + block.length === end;
    writeBlockHeader(this.#out.view, CONTENTS - BLOCK_HEADER_BYTES, { unit, file, ...block, last });
    await this.#out.send(FrameKind.block, BLOCK_HEADER_BYTES + bytes);
  }

  /** Returns whether a block is all zeros. The CRC-32 excludes nearly all other blocks. */
  #isZero(sum: number, length: number): boolean {
    return sum === crc32OfZeros(length) && isZero(this.bytes, CONTENTS, CONTENTS + length);
  }
}
