/** Sends ranges of ranged files, block by block, read straight into frames. */

import { FileError, quotePath } from "../errors.ts";
import type { RangeReader, SourceReader } from "../files/engine.ts";
import { BLOCK_HEADER_BYTES, BlockCodec, writeBlockHeader } from "../protocol/block.ts";
import { combineCrc32, crc32 } from "../protocol/crc32.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../protocol/frame.ts";
import type { Failure } from "../protocol/results.ts";
import { toFailure } from "./failure.ts";
import { FRAME_START } from "./frames.ts";
import type { Compressor } from "./compressor.ts";
import type { FrameSender } from "./frame_sender.ts";
import type { RangeUnit } from "./unit.ts";

/** What was sent of a range, to be held against the result. */
export interface SentRange {
  type: "range";
  unit: Pick<RangeUnit, "unit" | "file" | "start" | "end">;
  /** CRC-32 of what was sent so far. */
  crc32: number;
  /** Where reading it failed. */
  failure?: Failure;
  note?: string;
  /** The receiver said that it failed: no more of it needs to be sent. */
  refused: boolean;
}

/** Reads and sends. One for each stream: it keeps the last file open. */
export class RangeSender {
  readonly #reader: SourceReader;
  readonly #out: FrameSender;
  readonly #blockBytes: number;
  readonly #compressor?: Compressor;
  #open?: { file: number; reader: RangeReader };

  constructor(reader: SourceReader, out: FrameSender, blockBytes: number, compressor?: Compressor) {
    this.#reader = reader;
    this.#out = out;
    this.#blockBytes = blockBytes;
    this.#compressor = compressor;
  }

  /** Sends a unit, or sets `sent.failure`. */
  async send(unit: RangeUnit, sent: SentRange): Promise<void> {
    for (let offset = unit.start; offset < unit.end && !sent.refused;) {
      const length = Math.min(this.#blockBytes, unit.end - offset);
      const contents = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;
      try {
        this.#read(unit, contents, offset, length);
      } catch (error) {
        sent.failure = toFailure(error);
        return;
      }
      const sum = crc32(this.#out.bytes, contents, contents + length);
      sent.crc32 = combineCrc32(sent.crc32, sum, length);
      const coded = this.#compressor?.compress(this.#out.bytes, contents, contents + length);
      writeBlockHeader(this.#out.view, contents - BLOCK_HEADER_BYTES, {
        unit: unit.unit,
        file: unit.file,
        offset,
        length,
        crc32: sum,
        codec: coded === undefined ? BlockCodec.stored : this.#compressor!.coding,
        last: offset + length === unit.end,
      });
      await this.#out.send(FrameKind.block, BLOCK_HEADER_BYTES + (coded ?? length));
      offset += length;
    }
    const reader = this.#open?.reader;
    if (reader?.changed()) sent.note = `${quotePath(reader.path)} was changed while it was read`;
  }

  /** Closes the last file. */
  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  #read(unit: RangeUnit, at: number, offset: number, length: number): void {
    if (this.#open?.file !== unit.file) {
      this.close();
      const reader = this.#reader.openRanged(unit.root, unit.path, unit.identity);
      this.#open = { file: unit.file, reader };
      if (reader.size !== unit.size) throw changed(reader.path, "its size is no longer what it was");
    }
    const { reader } = this.#open!;
    const read = reader.readAt(this.#out.bytes, at, length, offset);
    if (read < length) {
      throw changed(reader.path, "it became shorter while it was read");
    }
  }
}

function changed(path: string, state: string): FileError {
  return new FileError("read", path, state, { code: "ECHANGED", hint: "Copy it again when nothing writes to it" });
}
