/** Sends ranges of large files in blocks: their contents, or where the receiver finds them. */

import { FileError } from "../../errors.ts";
import type { BlockDigester } from "../../crypto/block_digest.ts";
import type { FineDigests, Segment } from "../../delta/segments.ts";
import type { ContentSum } from "../../files/target/content_digest.ts";
import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { shrunkFile } from "../../files/stat/file_failure.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import { MAX_SHARED_BYTES, type SharedFile } from "../../protocol/data/shared_file.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { Compressor } from "../frames/compressor.ts";
import { toFailure } from "../failure.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import { aliveWhile } from "../frames/keep_alive.ts";
import type { SourceChange } from "../report.ts";
import type { StreamJob } from "../run/job.ts";
import type { RangeUnit } from "../unit.ts";
import { BlockSender, CONTENTS } from "./block_sender.ts";
import { changeSinceWalk, openFound, readFully } from "./source_file.ts";

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
export interface RangeSenderOptions extends Pick<StreamJob, "blockBytes" | "cipherEngine"> {
  /** Whether holes and blocks of zeros are sent as holes. */
  sparse: boolean;
  /** Whether the receiver copies from the open file. */
  offersLocalCopy: boolean;
  compressor?: Compressor;
  yielder: EventLoopYielder;
  /** Maximum time between frames sent, in milliseconds. */
  keepAliveMs: number;
}

/** Finds small blocks of the old file in the literals of one unit. Loaded only if there are any. */
type Refiner = Pick<typeof import("../../delta/refine.ts"), "findFine" | "fineWindowEnd"> & { digester: BlockDigester };

/** Sends the ranges of one stream. It keeps the last file open. */
export class RangeSender {
  readonly #reader: SourceReader;
  readonly #out: FrameSender;
  readonly #blocks: BlockSender;
  readonly #options: RangeSenderOptions;
  #open?: { file: number; reader: RangeReader };
  /** Part of a literal that is searched for small blocks. */
  #window?: Uint8Array<ArrayBuffer>;

  constructor(reader: SourceReader, out: FrameSender, options: RangeSenderOptions) {
    this.#reader = reader;
    this.#out = out;
    this.#blocks = new BlockSender(out, options);
    this.#options = options;
  }

  /** Number of the open file. With local copies, it must stay open until all its units have their results. */
  get file(): number | undefined {
    return this.#open?.file;
  }

  /** Sends a unit, or sets `sent.failure`. */
  async send(unit: RangeUnit, sent: SentRange): Promise<void> {
    const offersLocalCopy = this.#options.offersLocalCopy && !unit.stored;
    if (unit.digests && !await this.#digestWhole(unit, sent)) return;
    await this.#sendSegments(unit.segments ?? [unit], unit, sent);
    if (sent.failure) return;
    const reader = this.#open?.reader;
    if (!reader) return;
    // Since the walk, and not since this range began: other streams read other ranges of the same file.
    const changed = () => {
      const change = changeSinceWalk(reader, unit);
      return change === FileChange.none ? undefined : { path: reader.path, change };
    };
    const now = changed();
    // The receiver may read a shared file later.
    sent.changed = offersLocalCopy ? changed : () => now;
  }

  async #sendSegments(segments: readonly Segment[], unit: RangeUnit, sent: SentRange): Promise<void> {
    const isRefined = segments.some((segment) => segment.old === undefined && segment.fine);
    const refiner = isRefined ? await this.#openRefiner(unit) : undefined;
    try {
      for (const segment of segments) {
        await this.#sendSegment(segment, unit, sent, refiner);
        if (sent.failure || sent.refused) return;
      }
    } finally {
      refiner?.digester.close();
    }
  }

  async #openRefiner({ key }: RangeUnit): Promise<Refiner> {
    const { findFine, fineWindowEnd } = await import("../../delta/refine.ts");
    const { createBlockDigester } = await import("../../crypto/block_digest.ts");
    return { findFine, fineWindowEnd, digester: createBlockDigester(this.#options.cipherEngine, key!) };
  }

  async #sendSegment(segment: Segment, unit: RangeUnit, sent: SentRange, refiner?: Refiner): Promise<void> {
    if (segment.old === undefined && !segment.fine) return await this.#sendContents(segment, unit, sent);
    try {
      // Also for a copy, so that a change of the file is noticed.
      const reader = this.#readerOf(unit);
      if (segment.old === undefined) await this.#sendRefined(reader, segment, segment.fine!, sent, refiner!);
      else await this.#blocks.sendOld(sent, segment);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      sent.failure = toFailure(error);
    }
  }

  /** Sends a literal, except small blocks that are in the old file. @throws {FileError} */
  async #sendRefined(
    reader: RangeReader,
    literal: ByteRange,
    fine: FineDigests,
    sent: SentRange,
    { findFine, fineWindowEnd, digester }: Refiner,
  ): Promise<void> {
    const { blockBytes } = this.#options;
    this.#window ??= new Uint8Array(blockBytes);
    for (let { start } = literal; start < literal.end && !sent.refused;) {
      const part = { start, end: fineWindowEnd({ start, end: literal.end }, fine, blockBytes) };
      readFully(reader, this.#window, 0, { offset: part.start, length: part.end - part.start });
      for (const copy of findFine(this.#window, part, fine, (...block) => digester.digest(...block))) {
        await this.#sendWindow(part, { start, end: copy.start }, sent);
        await this.#blocks.sendOld(sent, copy);
        start = copy.end;
      }
      await this.#sendWindow(part, { start, end: part.end }, sent);
      start = part.end;
    }
  }

  /** Sends a range of the window. */
  async #sendWindow(window: ByteRange, { start, end }: ByteRange, sent: SentRange): Promise<void> {
    if (start === end) return;
    this.#blocks.bytes.set(this.#window!.subarray(start - window.start, end - window.start), CONTENTS);
    await this.#blocks.send(sent, { offset: start, length: end - start });
  }

  /** Sends contents, holes, or references to a shared file. */
  async #sendContents({ start, end }: ByteRange, unit: RangeUnit, sent: SentRange): Promise<void> {
    const { blockBytes, sparse } = this.#options;
    const offersLocalCopy = this.#options.offersLocalCopy && !unit.stored;
    for (let offset = start; offset < end && !sent.refused;) {
      const left = end - offset;
      let length: number;
      let isHole = false;
      let shared: SharedFile | undefined;
      try {
        const reader = this.#readerOf(unit);
        length = sparse ? reader.holeAt(offset, Math.min(MAX_HOLE_BYTES, left)) : 0;
        isHole = length > 0;
        if (!isHole) {
          shared = offersLocalCopy ? sharedFile(reader) : undefined;
          length = Math.min(shared ? MAX_SHARED_BYTES : blockBytes, left);
          // A hole that was made between the two calls is read as data.
          if (sparse) length = reader.dataAt(offset, length) || length;
          if (!shared) readFully(reader, this.#blocks.bytes, CONTENTS, { offset, length });
        }
      } catch (error) {
        sent.failure = toFailure(error);
        return;
      }
      if (shared) await this.#blocks.sendReference(sent, { offset, length }, shared);
      else await this.#blocks.send(sent, { offset, length }, { isHole });
      offset += length;
    }
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

  /** Closes the last file. */
  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  #readerOf(unit: RangeUnit): RangeReader {
    if (this.#open?.file !== unit.file) {
      this.close();
      this.#open = { file: unit.file, reader: openFound(this.#reader, unit) };
    }
    return this.#open!.reader;
  }
}

/** Returns the reference to an open file; undefined if a block cannot represent its numbers. */
function sharedFile({ shared }: RangeReader): SharedFile | undefined {
  return shared && Number.isSafeInteger(shared.dev) && Number.isSafeInteger(shared.inode) ? shared : undefined;
}
