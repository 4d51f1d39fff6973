/** Sends ranges of large files in blocks, which are read directly into frames. */

import type { ContentSum } from "../../files/target/content_digest.ts";
import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { shrunkFile } from "../../files/stat/file_failure.ts";
import { isZero } from "../../files/output/zero_pages.ts";
import { BLOCK_HEADER_BYTES, BlockCodec, type BlockHeader, writeBlockHeader } from "../../protocol/data/block.ts";
import { combineCrc32, crc32, crc32OfZeros } from "../../protocol/crc32.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import {
  MAX_SHARED_BYTES,
  SHARED_FILE_BYTES,
  type SharedFile,
  writeSharedFile,
} from "../../protocol/data/shared_file.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { Compressor } from "../frames/compressor.ts";
import { toFailure } from "../failure.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import { FRAME_START } from "../frames/frames.ts";
import { aliveWhile } from "../frames/keep_alive.ts";
import type { SourceChange } from "../report.ts";
import type { RangeUnit } from "../unit.ts";

/** Position of the contents of a block in the buffer of its frame. */
const CONTENTS = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;
/** Maximum bytes of a hole per block. The format allows nearly 4 GiB. */
const MAX_HOLE_BYTES = 1 << 30;

/** A range that was sent, for the comparison with the result. */
export interface SentRange {
  type: "range";
  unit: Pick<RangeUnit, "unit" | "file" | "path" | "start" | "end">;
  /** CRC-32 of the blocks sent so far. */
  crc32: number;
  /** Failure of the source. */
  failure?: Failure;
  /** Returns how the file has changed since the walk. Called when the result has arrived. */
  changed?: () => SourceChange | undefined;
  /** Checksums of the whole file, if the unit requests them. */
  whole?: ContentSum;
  /** Whether the receiver has reported a failure. The rest of the range is not sent. */
  refused: boolean;
}

/** Options for sending ranges. */
export interface RangeSenderOptions {
  blockBytes: number;
  /** Whether holes and blocks of zeros are sent as holes. */
  sparse: boolean;
  /** Whether the receiver copies from the open file. */
  offersLocalCopy: boolean;
  compressor?: Compressor;
  yielder: EventLoopYielder;
  /** Maximum time between frames sent, in milliseconds. */
  keepAliveMs: number;
}

/** Sends the ranges of one stream. It keeps the last file open. */
export class RangeSender {
  readonly #reader: SourceReader;
  readonly #out: FrameSender;
  readonly #options: RangeSenderOptions;
  #open?: { file: number; reader: RangeReader };

  constructor(reader: SourceReader, out: FrameSender, options: RangeSenderOptions) {
    this.#reader = reader;
    this.#out = out;
    this.#options = options;
  }

  /** Number of the open file. With local copies, it must stay open until all its units have their results. */
  get file(): number | undefined {
    return this.#open?.file;
  }

  /** Sends a unit, or sets `sent.failure`. */
  async send(unit: RangeUnit, sent: SentRange): Promise<void> {
    const { blockBytes, sparse, compressor } = this.#options;
    const offersLocalCopy = this.#options.offersLocalCopy && !unit.stored;
    if (unit.digests && !await this.#digestWhole(unit, sent)) return;
    for (let offset = unit.start; offset < unit.end && !sent.refused;) {
      const left = unit.end - offset;
      let length: number;
      let hole = false;
      let shared: SharedFile | undefined;
      try {
        const reader = this.#readerOf(unit);
        length = sparse ? reader.holeAt(offset, Math.min(MAX_HOLE_BYTES, left)) : 0;
        hole = length > 0;
        if (!hole) {
          shared = offersLocalCopy ? sharedFile(reader) : undefined;
          length = Math.min(shared ? MAX_SHARED_BYTES : blockBytes, left);
          // A hole that was made between the two calls is read as data.
          if (sparse) length = reader.dataAt(offset, length) || length;
          if (!shared) readBlock(reader, this.#out.bytes, offset, length);
        }
      } catch (error) {
        sent.failure = toFailure(error);
        return;
      }
      if (shared) {
        await this.#sendReference(shared, unit, { offset, length });
        sent.crc32 = combineCrc32(sent.crc32, 0, length);
        offset += length;
        continue;
      }
      const sum = hole ? crc32OfZeros(length) : crc32(this.#out.bytes, CONTENTS, CONTENTS + length);
      const zeros = hole || (sparse && this.#isZero(sum, length));
      sent.crc32 = combineCrc32(sent.crc32, sum, length);
      const coded = zeros ? 0 : compressor?.compress(this.#out.bytes, CONTENTS, CONTENTS + length);
      writeBlockHeader(this.#out.view, CONTENTS - BLOCK_HEADER_BYTES, {
        unit: unit.unit,
        file: unit.file,
        offset,
        length,
        crc32: sum,
        codec: zeros ? BlockCodec.zeros : coded === undefined ? BlockCodec.stored : compressor!.codecNumber,
        last: offset + length === unit.end,
      });
      await this.#out.send(FrameKind.block, BLOCK_HEADER_BYTES + (coded ?? length));
      offset += length;
    }
    const reader = this.#open?.reader;
    if (!reader) return;
    // Since the walk, and not since this range began: other streams read other ranges of the same file.
    const changed = () => {
      const since = reader.changeSince(unit.times);
      const change = reader.size > unit.size ? FileChange.grown : since;
      return change === FileChange.none ? undefined : { path: reader.path, change };
    };
    const now = changed();
    // The receiver may read a shared file later.
    sent.changed = offersLocalCopy ? changed : () => now;
  }

  /**
   * Digests the whole file before the range is sent, because the result of the range might arrive before a later digest.
   * The scheduler compares the CRC-32 with what was sent.
   *
   * @returns false if the file cannot be read.
   */
  async #digestWhole(unit: RangeUnit, sent: SentRange): Promise<boolean> {
    const { sumRange } = await import("../../files/target/content_digest.ts");
    try {
      const reader = this.#readerOf(unit);
      const summing = sumRange(reader, 0, unit.size, () => this.#options.yielder.yieldIfDue());
      sent.whole = await aliveWhile(summing, this.#out, this.#options.keepAliveMs);
      if (!sent.whole) throw shrunkFile(reader.path, "while it was read");
      return true;
    } catch (error) {
      sent.failure = toFailure(error);
      return false;
    }
  }

  /** Sends a reference to a shared file instead of contents. */
  async #sendReference(
    shared: SharedFile,
    unit: RangeUnit,
    { offset, length }: Pick<BlockHeader, "offset" | "length">,
  ): Promise<void> {
    writeSharedFile(this.#out.view, CONTENTS, shared);
    writeBlockHeader(this.#out.view, CONTENTS - BLOCK_HEADER_BYTES, {
      unit: unit.unit,
      file: unit.file,
      offset,
      length,
      crc32: 0,
      codec: BlockCodec.reference,
      last: offset + length === unit.end,
    });
    await this.#out.send(FrameKind.block, BLOCK_HEADER_BYTES + SHARED_FILE_BYTES);
  }

  /** Closes the last file. */
  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  /** Returns whether a block is all zeros. The CRC-32 excludes nearly all other blocks. */
  #isZero(sum: number, length: number): boolean {
    return sum === crc32OfZeros(length) && isZero(this.#out.bytes, CONTENTS, CONTENTS + length);
  }

  #readerOf(unit: RangeUnit): RangeReader {
    if (this.#open?.file !== unit.file) {
      this.close();
      const reader = this.#reader.openLarge(unit.root, unit.path, unit.identity);
      this.#open = { file: unit.file, reader };
      // A file that only grows, such as a log, is sent up to the size in the walk.
      if (reader.size < unit.size) throw shrunkFile(reader.path, "after it was found");
    }
    return this.#open!.reader;
  }
}

/** Returns the reference to an open file; undefined if a block cannot represent its numbers. */
function sharedFile({ shared }: RangeReader): SharedFile | undefined {
  return shared && Number.isSafeInteger(shared.dev) && Number.isSafeInteger(shared.inode) ? shared : undefined;
}

function readBlock(reader: RangeReader, bytes: Uint8Array<ArrayBuffer>, offset: number, length: number): void {
  const read = reader.readAt(bytes, CONTENTS, length, offset);
  if (read < length) throw shrunkFile(reader.path, "while it was read");
}
