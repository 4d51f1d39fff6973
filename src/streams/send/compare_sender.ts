/** Sends compare requests: records without contents, and digests of files that are compared by contents. */

import { FileError } from "../../errors.ts";
import { changedMode, type ModeChange } from "../../protocol/control/mode_changes.ts";
import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { isAsFound } from "../../files/stat/record_attributes.ts";
import {
  COMPARE_HEADER_BYTES,
  ComparePhase,
  DIGEST_ENTRY_BYTES,
  NO_DIGEST,
  type RangeDigest,
  SHA256_BYTES,
  writeCompareHeader,
  writeDigest,
} from "../../protocol/data/compare.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { PACK_FILE_LIMIT } from "../../protocol/limits.ts";
import { RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import { FRAME_START } from "../frames/frames.ts";
import { aliveWhile } from "../frames/keep_alive.ts";
import { type CompareReport, SourceState } from "../report.ts";
import type { ComparedRange, CompareUnit } from "../unit.ts";
import { identityOfStat } from "../../files/stat/file_identity.ts";

type ContentDigest = typeof import("../../files/target/content_digest.ts");

/** A compare request that was sent, and the states of its sources. */
export interface SentCompare extends Pick<CompareReport, "sources" | "now"> {
  unit: CompareUnit;
}

/** Sends the compare requests of one stream. It has a current directory, and keeps the last large file open. */
export class CompareSender {
  readonly #source: SourceReader;
  readonly #out: FrameSender;
  readonly #yielder: EventLoopYielder;
  readonly #keepAliveMs: number;
  readonly #chmod: readonly ModeChange[];
  #open?: { range: ComparedRange; reader: RangeReader };
  #buffer = new Uint8Array(0);

  /** @param options.chmod changes of modes. */
  constructor(
    source: SourceReader,
    out: FrameSender,
    yielder: EventLoopYielder,
    { keepAliveMs, chmod = [] }: { keepAliveMs: number; chmod?: readonly ModeChange[] },
  ) {
    this.#keepAliveMs = keepAliveMs;
    this.#chmod = chmod;
    this.#source = source;
    this.#out = out;
    this.#yielder = yielder;
  }

  /** Sends a request, after digesting its sources if its phase needs that. Adds the states of the sources to `sent`. */
  async send(sent: SentCompare): Promise<void> {
    const { unit } = sent;
    // During the computation the frame buffers are free for keep-alives.
    const digests = unit.phase === ComparePhase.digest
      ? await aliveWhile(this.#digests(sent), this.#out, this.#keepAliveMs)
      : [];
    const { bytes, view } = this.#out;
    const start = FRAME_START + FRAME_HEADER_BYTES;
    const { plan, phase, verify, last, attempt } = unit;
    writeCompareHeader(view, start, { unit: unit.unit, attempt, phase, verify, last, recordsBytes: plan.length });
    bytes.set(plan, start + COMPARE_HEADER_BYTES);
    let at = start + COMPARE_HEADER_BYTES + plan.length;
    for (const digest of digests) {
      writeDigest(bytes, view, at, digest);
      at += DIGEST_ENTRY_BYTES;
    }
    await this.#out.send(FrameKind.compare, at - start);
  }

  /** Closes the last file. */
  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  async #digests(sent: SentCompare): Promise<RangeDigest[]> {
    const digesting = await import("../../files/target/content_digest.ts");
    const { plan, range, verify = false, records, sent: digestsSent } = sent.unit;
    const sources = new Uint8Array(records);
    if (verify) sent.sources = sources;
    if (range) {
      const { start, end } = range;
      const digest = await (verify ? this.#verifyLarge(range, digesting, sent) : this.#digestLarge(range, digesting));
      return [{ start, end, digest: digest ?? NO_DIGEST }];
    }
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    const digests: RangeDigest[] = [];
    let inDirectory = false;
    for (let index = -1; cursor.next();) {
      const { root, nameStart, nameEnd, size } = cursor;
      if (cursor.type !== RecordType.enter) index++;
      if (cursor.type !== RecordType.file) {
        inDirectory = succeeds(() => this.#source.enter(root, plan, nameStart, nameEnd));
        continue;
      }
      let digest: Uint8Array | undefined;
      if (digestsSent) {
        sources[index] = inDirectory ? this.#stateOf(cursor, plan) : SourceState.unreadable;
        if (sources[index] === SourceState.asSent) {
          digest = digestsSent.subarray(index * SHA256_BYTES, (index + 1) * SHA256_BYTES);
        }
      } else if (inDirectory && this.#read(cursor, plan, PACK_FILE_LIMIT) === size) {
        digest = digesting.digestBytes(this.#buffer.subarray(0, size));
      }
      digests.push({ start: 0, end: size, digest: digest ?? NO_DIGEST });
      const yielding = this.#yielder.yieldIfDue();
      if (yielding) await yielding;
    }
    return digests;
  }

  /** Reads a small file into `#buffer`. @returns the number of bytes; -1 if it cannot be read. */
  #read({ nameStart, nameEnd }: RecordCursor, plan: Uint8Array<ArrayBuffer>, limit: number): number {
    let length = -1;
    if (limit > this.#buffer.length) this.#buffer = new Uint8Array(Math.max(limit, PACK_FILE_LIMIT));
    succeeds(() => length = this.#source.readWhole(plan, nameStart, nameEnd, this.#buffer, 0, limit));
    return length;
  }

  /** Returns the state of a small file, read from the disk. Bytes that were appended since do not count. */
  #stateOf(cursor: RecordCursor, plan: Uint8Array<ArrayBuffer>): number {
    const source = this.#source;
    const { stat } = source;
    const { size } = cursor;
    source.uncached = source.prefix = true;
    const length = this.#read(cursor, plan, size);
    source.uncached = source.prefix = false;
    if (length < 0) return SourceState.unreadable;
    // A file that reports no size, such as in /proc, may have other contents in each read. Compare what was sent.
    if (stat.size === 0 && length > 0) return SourceState.asSent;
    if (length === size && crc32(this.#buffer, 0, length) === cursor.uint32(RecordField.crc32)) {
      return SourceState.asSent;
    }
    const isUntouched = source.change === FileChange.none && isAsFound(cursor, stat);
    return isUntouched ? SourceState.misread : SourceState.changed;
  }

  /** Returns undefined if the file has changed or cannot be read. */
  async #digestLarge(range: ComparedRange, { sumRange }: ContentDigest): Promise<Uint8Array | undefined> {
    try {
      const reader = this.#readerOf(range);
      if (reader.size !== range.size) return undefined;
      const sum = await sumRange(reader, range.start, range.end, () => this.#yielder.yieldIfDue());
      return reader.changeSince() >= FileChange.certain ? undefined : sum?.digest;
    } catch (error) {
      if (error instanceof FileError) return undefined;
      throw error;
    }
  }

  /** Returns undefined if the range is not what was sent. Bytes that were appended to the file do not count. */
  async #verifyLarge(
    range: ComparedRange,
    { sumRange }: ContentDigest,
    sent: SentCompare,
  ): Promise<Uint8Array | undefined> {
    const { start, end, times } = range;
    let state: number = SourceState.unreadable;
    let digest: Uint8Array | undefined;
    try {
      const reader = this.#readerOf(range);
      reader.forgetCache();
      const sum = await sumRange(reader, start, end, () => this.#yielder.yieldIfDue());
      const change = reader.changeSince(times);
      const same = sum && (range.crc32 === undefined ? change === FileChange.none : sum.crc32 === range.crc32);
      state = same ? SourceState.asSent : change === FileChange.none ? SourceState.misread : SourceState.changed;
      // A local copy may be correct even if the file changed since. The receiver compares the digests.
      if (same || range.crc32 === undefined) digest = sum?.digest;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.code === "ESTALE") state = SourceState.changed;
    }
    sent.sources![0] = state;
    if (state !== SourceState.asSent) this.close();
    if (state === SourceState.changed) sent.now = this.#statNow(range);
    return digest;
  }

  /** Returns the file that has this path now; undefined if it cannot be opened. */
  #statNow({ root, path }: ComparedRange): CompareReport["now"] {
    const source = this.#source;
    if (!succeeds(() => source.openLarge(root, path).close())) return undefined;
    const { stat } = source;
    const identity = identityOfStat(stat);
    const attributes = { ...stat.attributes(), mode: changedMode(stat.mode, false, this.#chmod) };
    return { size: stat.size, attributes, identity, times: stat.changeTimes() };
  }

  #readerOf(range: ComparedRange): RangeReader {
    const { root, path, identity: { dev, inode } } = range;
    const open = this.#open;
    const isOpen = open?.range.root === root && open.range.path === path;
    if (isOpen && open.range.identity.dev === dev && open.range.identity.inode === inode) return open.reader;
    this.close();
    const reader = this.#source.openLarge(root, path, range.identity);
    this.#open = { range, reader };
    return reader;
  }
}

/** Returns whether the operation succeeds. A failure is reported when the file is sent later. */
function succeeds(operation: () => void): boolean {
  try {
    operation();
    return true;
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}
