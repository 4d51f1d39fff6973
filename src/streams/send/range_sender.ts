/** Sends ranges of ranged files, block by block, read straight into frames. */

import { FileError } from "../../errors.ts";
import type { ContentSum } from "../../files/target/content_digest.ts";
import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { isZero } from "../../files/target/zero_pages.ts";
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
import type { RangeUnit, SourceChange } from "../unit.ts";

/** Where the contents of a block begin in the buffer of its frame. */
const CONTENTS = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;
/** Of a hole that one block stands for; it could be nearly 4 GiB. */
const MOST_ZEROS_BYTES = 1 << 30;

/** What was sent of a range, to be held against the result. */
export interface SentRange {
  type: "range";
  unit: Pick<RangeUnit, "unit" | "file" | "start" | "end">;
  /** CRC-32 of what was sent so far. */
  crc32: number;
  /** Where reading it failed. */
  failure?: Failure;
  /** Returns how the file changed since it was found; to be called when there is a result. */
  changed?: () => SourceChange | undefined;
  /** Of the whole file, where the unit asks for that. */
  whole?: ContentSum;
  /** The receiver said that it failed: no more of it needs to be sent. */
  refused: boolean;
}

/** How ranges are sent. */
export interface RangeSenderOptions {
  blockBytes: number;
  /** Holes, and blocks of zeros, are sent as such. */
  sparse: boolean;
  /** The receiver copies what it needs by itself. */
  lends: boolean;
  /** Compresses what is worth it. */
  compressor?: Compressor;
  yielder: EventLoopYielder;
  /** Maximum time without a frame, in milliseconds. */
  quietMs: number;
}

/** Reads and sends. One for each stream: it keeps the last file open. */
export class RangeSender {
  readonly #reader: SourceReader;
  readonly #out: FrameSender;
  readonly #blockBytes: number;
  readonly #sparse: boolean;
  readonly #lends: boolean;
  readonly #compressor?: Compressor;
  readonly #yielder: EventLoopYielder;
  readonly #quietMs: number;
  #open?: { file: number; reader: RangeReader };

  constructor(reader: SourceReader, out: FrameSender, options: RangeSenderOptions) {
    this.#reader = reader;
    this.#out = out;
    this.#blockBytes = options.blockBytes;
    this.#sparse = options.sparse;
    this.#lends = options.lends;
    this.#compressor = options.compressor;
    this.#yielder = options.yielder;
    this.#quietMs = options.quietMs;
  }

  /** The file that is open. Whoever lends it must not send another before all of its units have their results. */
  get file(): number | undefined {
    return this.#open?.file;
  }

  /** Sends a unit, or sets `sent.failure`. */
  async send(unit: RangeUnit, sent: SentRange): Promise<void> {
    const lends = this.#lends && !unit.stored;
    if (unit.digests && !await this.#digestWhole(unit, sent)) return;
    for (let offset = unit.start; offset < unit.end && !sent.refused;) {
      const most = unit.end - offset;
      let length: number;
      let hole = false;
      let lent: SharedFile | undefined;
      try {
        const reader = this.#readerOf(unit);
        length = this.#sparse ? reader.holeAt(offset, Math.min(MOST_ZEROS_BYTES, most)) : 0;
        hole = length > 0;
        if (!hole) {
          lent = lends ? lendable(reader) : undefined;
          length = Math.min(lent ? MAX_SHARED_BYTES : this.#blockBytes, most);
          // A hole that has come between the two questions is read like data.
          if (this.#sparse) length = reader.dataAt(offset, length) || length;
          if (!lent) readBlock(reader, this.#out.bytes, offset, length);
        }
      } catch (error) {
        sent.failure = toFailure(error);
        return;
      }
      if (lent) {
        await this.#sendLent(lent, unit, { offset, length });
        sent.crc32 = combineCrc32(sent.crc32, 0, length);
        offset += length;
        continue;
      }
      const sum = hole ? crc32OfZeros(length) : crc32(this.#out.bytes, CONTENTS, CONTENTS + length);
      const zeros = hole || (this.#sparse && this.#isZero(sum, length));
      sent.crc32 = combineCrc32(sent.crc32, sum, length);
      const coded = zeros ? 0 : this.#compressor?.compress(this.#out.bytes, CONTENTS, CONTENTS + length);
      writeBlockHeader(this.#out.view, CONTENTS - BLOCK_HEADER_BYTES, {
        unit: unit.unit,
        file: unit.file,
        offset,
        length,
        crc32: sum,
        codec: zeros ? BlockCodec.zeros : coded === undefined ? BlockCodec.stored : this.#compressor!.coding,
        last: offset + length === unit.end,
      });
      await this.#out.send(FrameKind.block, BLOCK_HEADER_BYTES + (coded ?? length));
      offset += length;
    }
    const reader = this.#open?.reader;
    if (!reader) return;
    // Since it was found: what another stream reads of it, before or after this, belongs to the same file.
    const changed = () => {
      const change = reader.changeSince(unit.times);
      return change === FileChange.none ? undefined : { path: reader.path, change };
    };
    const now = changed();
    // What is lent may be read later than this.
    sent.changed = lends ? changed : () => now;
  }

  /**
   * Digests the whole file, before the range is sent: the result of a range may come before a later digest. Only the
   * CRC-32 tells whether these are the bytes that are sent.
   *
   * @returns false when it cannot be read.
   */
  async #digestWhole(unit: RangeUnit, sent: SentRange): Promise<boolean> {
    const { sumRange } = await import("../../files/target/content_digest.ts");
    try {
      const reader = this.#readerOf(unit);
      const summing = sumRange(reader, 0, unit.size, () => this.#yielder.yieldIfDue());
      sent.whole = await aliveWhile(summing, this.#out, this.#quietMs);
      if (!sent.whole) throw changed(reader.path, "it became shorter while it was read");
      return true;
    } catch (error) {
      sent.failure = toFailure(error);
      return false;
    }
  }

  async #sendLent(
    lent: SharedFile,
    unit: RangeUnit,
    { offset, length }: Pick<BlockHeader, "offset" | "length">,
  ): Promise<void> {
    writeSharedFile(this.#out.view, CONTENTS, lent);
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

  /** Whether a block that was read is all zeros: its sum, which is there anyway, says so of nearly every other. */
  #isZero(sum: number, length: number): boolean {
    return sum === crc32OfZeros(length) && isZero(this.#out.bytes, CONTENTS, CONTENTS + length);
  }

  #readerOf(unit: RangeUnit): RangeReader {
    if (this.#open?.file !== unit.file) {
      this.close();
      const reader = this.#reader.openRanged(unit.root, unit.path, unit.identity);
      this.#open = { file: unit.file, reader };
      if (unit.stored ? reader.size < unit.size : reader.size !== unit.size) {
        throw changed(reader.path, "its size is no longer what it was");
      }
    }
    return this.#open!.reader;
  }
}

/** Numbers that do not fit into a block would name another file. */
function lendable({ lent }: RangeReader): SharedFile | undefined {
  return lent && Number.isSafeInteger(lent.dev) && Number.isSafeInteger(lent.inode) ? lent : undefined;
}

function readBlock(reader: RangeReader, bytes: Uint8Array<ArrayBuffer>, offset: number, length: number): void {
  const read = reader.readAt(bytes, CONTENTS, length, offset);
  if (read < length) throw changed(reader.path, "it became shorter while it was read");
}

function changed(path: string, state: string): FileError {
  return new FileError("read", path, state, { code: "ECHANGED", hint: "Copy it again when nothing writes to it" });
}
