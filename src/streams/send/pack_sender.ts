/** Sends pack units: reads the small files of a plan directly into frames, without an allocation or a promise per file. */

import { FileError } from "../../errors.ts";
import { changeNote, FileChange, isFreshChange } from "../../files/stat/file_change.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { FileCode } from "../../files/stat/file_failure.ts";
import type { SourceReader } from "../../files/engine/source.ts";
import { alignUp } from "../../protocol/data/alignment.ts";
import { SHA256_BYTES } from "../../protocol/data/compare.ts";
import { changedMode, type ModeChange } from "../../protocol/control/mode_changes.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { decodeName } from "../../protocol/names.ts";
import { PACK_HEADER_BYTES, writePackHeader } from "../../protocol/data/pack.ts";
import {
  FRESH_CHANGE,
  putInt53,
  putUint53,
  RecordCursor,
  RecordField,
  RecordType,
} from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { Compressor } from "../frames/compressor.ts";
import { toFailure } from "../failure.ts";
import { FRAME_START } from "../frames/frames.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import type { GrownFile } from "../report.ts";
import type { PackUnit } from "../unit.ts";
import { PieceSender } from "./piece_sender.ts";
import { addSent, type SentPack } from "./sent_pack.ts";
import { identityOfStat } from "../../files/stat/file_identity.ts";

/** Sends the pack units of one stream. It has a current directory. */
export class PackSender {
  readonly #reader: SourceReader;
  readonly #out: FrameSender;
  /** Number of records in the current frame that will have an outcome. */
  #outcomes = 0;
  readonly #compressor?: Compressor;
  readonly #digest?: (bytes: Uint8Array) => Uint8Array;
  readonly #chmod: readonly ModeChange[];
  readonly #sparse: boolean;

  /**
   * @param options.digest SHA-256, if the contents that are sent have to be recorded.
   * @param options.chmod changes of modes.
   * @param options.sparse whether a file with holes is not sent in pieces.
   */
  constructor(
    reader: SourceReader,
    out: FrameSender,
    { compressor, digest, chmod = [], sparse = false }: {
      compressor?: Compressor;
      digest?: (bytes: Uint8Array) => Uint8Array;
      chmod?: readonly ModeChange[];
      sparse?: boolean;
    } = {},
  ) {
    this.#reader = reader;
    this.#out = out;
    this.#compressor = compressor;
    this.#digest = digest;
    this.#chmod = chmod;
    this.#sparse = sparse;
  }

  /** Sends a unit, and adds each record to `sent`. */
  async send(unit: PackUnit, sent: SentPack): Promise<void> {
    const { plan, file } = unit;
    if (file && !this.#fits(this.#begin(), plan.length + file.size)) {
      const options = { compressor: this.#compressor, sparse: this.#sparse };
      return await new PieceSender({ unit, file, sent }, this.#out, options).send(this.#reader);
    }
    const cursor = new RecordCursor(unit.plan, 0, unit.plan.length, { plan: true });
    const directory = { start: 0, end: 0, nameStart: 0, nameEnd: 0, failure: undefined as Failure | undefined };
    let at = this.#begin();
    while (cursor.next()) {
      if (cursor.type !== RecordType.enter) sent.planIndex++;
      if (cursor.type === RecordType.enter || cursor.type === RecordType.directory) {
        if (!this.#fits(at, cursor.end - cursor.start)) at = await this.#flush(unit, at);
        at = this.#copy(unit.plan, cursor.start, cursor.end, at);
        directory.start = cursor.start;
        directory.end = cursor.xattrStart;
        directory.nameStart = cursor.nameStart;
        directory.nameEnd = cursor.nameEnd;
        directory.failure = this.#enter(unit.plan, cursor);
        if (cursor.type === RecordType.directory) this.#count(sent, 0, 0, 0);
        continue;
      }
      if (directory.failure) {
        sent.failures.push(directory.failure);
        continue;
      }
      const isFile = cursor.type === RecordType.file;
      const needed = cursor.contentStart - cursor.start + alignUp(isFile ? cursor.size : cursor.contentBytes);
      if (!this.#fits(at, needed)) at = await this.#resume(unit, at, directory);
      if (!isFile) {
        at = this.#copy(unit.plan, cursor.start, cursor.end, at);
        this.#count(sent, 0, 0, 1);
        continue;
      }
      const read = this.#readFile(unit.plan, cursor, at, sent);
      if (read !== undefined) {
        at = read;
        continue;
      }
      // The file has grown and does not fit into this frame. It may fit into an empty one.
      at = await this.#resume(unit, at, directory);
      const again = this.#readFile(unit.plan, cursor, at, sent);
      if (again === undefined) sent.grown.push(this.#grown(unit.plan, cursor, directory));
      at = again ?? at;
    }
    await this.#flush(unit, at);
    sent.complete = true;
  }

  #begin(): number {
    return FRAME_START + FRAME_HEADER_BYTES + PACK_HEADER_BYTES;
  }

  #fits(at: number, bytes: number): boolean {
    return at + bytes <= this.#out.payloadEnd;
  }

  #copy(plan: Uint8Array, start: number, end: number, at: number): number {
    this.#out.bytes.set(plan.subarray(start, end), at);
    return at + end - start;
  }

  #enter(plan: Uint8Array<ArrayBuffer>, cursor: RecordCursor): Failure | undefined {
    try {
      this.#reader.enter(cursor.root, plan, cursor.nameStart, cursor.nameEnd);
      return undefined;
    } catch (error) {
      return toFailure(error);
    }
  }

  /** Sends the current frame, and begins another in the same directory. */
  async #resume(unit: PackUnit, at: number, directory: { start: number; end: number }): Promise<number> {
    const next = await this.#flush(unit, at);
    const end = this.#copy(unit.plan, directory.start, directory.end, next);
    // The attributes of the directory were sent before.
    this.#out.view.setUint8(next + RecordField.type, RecordType.enter);
    this.#out.view.setUint16(next + RecordField.xattrUnits, 0, true);
    return end;
  }

  async #flush(unit: PackUnit, at: number): Promise<number> {
    const records = this.#begin();
    // A frame that only enters a directory is not sent: its result could arrive after the unit is complete.
    if (this.#outcomes > 0) {
      this.#outcomes = 0;
      const start = FRAME_START + FRAME_HEADER_BYTES;
      const { unit: number, attempt } = unit;
      const coded = this.#compressor?.compress(this.#out.bytes, records, at);
      writePackHeader(
        this.#out.view,
        start,
        coded === undefined
          ? { unit: number, attempt }
          : { unit: number, attempt, codec: this.#compressor!.codecNumber, length: at - records },
      );
      await this.#out.send(FrameKind.pack, PACK_HEADER_BYTES + (coded ?? at - records));
    }
    return this.#begin();
  }

  /**
   * Reads a file into the frame.
   *
   * @returns the position of the next record: unchanged if the file cannot be read, undefined if it does not fit.
   */
  #readFile(
    plan: Uint8Array<ArrayBuffer>,
    cursor: RecordCursor,
    at: number,
    sent: SentPack,
  ): number | undefined {
    const { bytes, view } = this.#out;
    const contents = at + cursor.contentStart - cursor.start;
    const reader = this.#reader;
    let size: number;
    let sum: number;
    let changed: boolean;
    try {
      size = this.#read(plan, cursor, contents);
      sum = crc32(bytes, contents, contents + size);
      changed = reader.change >= FileChange.certain;
      if (reader.change === FileChange.perhaps) {
        // If a second read returns the same bytes, all of them are from one state of the file.
        const before = { size, sum };
        size = this.#read(plan, cursor, contents);
        sum = crc32(bytes, contents, contents + size);
        changed = size !== before.size || sum !== before.sum;
      }
    } catch (error) {
      // Files that report no size, such as those in /proc, can only be sent in packs.
      const known = reader.stat.size > 0;
      if (known && error instanceof FileError && error.code === FileCode.grew) return undefined;
      sent.failures.push(toFailure(error));
      return at;
    }
    if (changed) sent.notes.push(noteOf(reader, plan, cursor, size));
    this.#copyHeader(plan, cursor, at);
    const { stat } = reader;
    const fresh = changed || isFreshChange(stat, Date.now());
    const mode = changedMode(stat.mode & 0o7777, false, this.#chmod);
    view.setUint32(at + RecordField.mode, mode | (fresh ? FRESH_CHANGE : 0), true);
    view.setUint32(at + RecordField.mtimeNs, stat.mtimeNs, true);
    putInt53(view, at + RecordField.mtime, stat.mtime);
    view.setUint32(at + RecordField.crc32, sum, true);
    putUint53(view, at + RecordField.size, size);
    this.#count(sent, sum, size, 1);
    if (sent.contents) {
      const { sizes, crcs, digests } = sent.contents;
      sizes[sent.planIndex] = size;
      crcs[sent.planIndex] = sum;
      digests.set(this.#digest!(bytes.subarray(contents, contents + size)), sent.planIndex * SHA256_BYTES);
    }
    const end = contents + alignUp(size);
    bytes.fill(0, contents + size, end);
    return end;
  }

  #read(plan: Uint8Array<ArrayBuffer>, { nameStart, nameEnd }: RecordCursor, at: number): number {
    const { bytes, payloadEnd } = this.#out;
    return this.#reader.readWhole(plan, nameStart, nameEnd, bytes, at, payloadEnd - at);
  }

  /** Returns the file that the reader has just found to be too large. */
  #grown(plan: Uint8Array, cursor: RecordCursor, directory: { nameStart: number; nameEnd: number }): GrownFile {
    const { stat } = this.#reader;
    const names = [
      plan.subarray(directory.nameStart, directory.nameEnd),
      plan.subarray(cursor.nameStart, cursor.nameEnd),
    ];
    return {
      item: {
        type: "ranged",
        root: cursor.root,
        path: names.map(decodeName).filter((name) => name !== "").join("/"),
        size: stat.size,
        attributes: { ...stat.attributes(), mode: changedMode(stat.mode, false, this.#chmod) },
        identity: identityOfStat(stat),
        times: stat.changeTimes(),
        xattrs: cursor.xattrs()?.slice(),
      },
      bytesBefore: cursor.size,
    };
  }

  /** Copies the record up to its contents. `set` would need a new object for each file. */
  #copyHeader(plan: Uint8Array, cursor: RecordCursor, at: number): void {
    const { bytes } = this.#out;
    for (let from = cursor.start; from < cursor.contentStart; from++) bytes[at++] = plan[from];
  }

  #count(sent: SentPack, crc: number, size: number, files: 0 | 1): void {
    addSent(sent, crc, size, files);
    this.#outcomes++;
  }
}

function noteOf(reader: SourceReader, plan: Uint8Array, cursor: RecordCursor, size: number): string {
  const name = decodeName(plan.subarray(cursor.nameStart, cursor.nameEnd));
  // A change that was found by reading twice is certain.
  const change = Math.max(reader.change, FileChange.certain);
  return changeNote(joinPath(reader.directoryPath, name), change, size)!;
}
