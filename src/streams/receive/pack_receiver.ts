/** Writes the records of pack frames. Per file that succeeds it allocates only one number, and no promise. */

import type { FileError } from "../../errors.ts";
import type { DeviceWriter } from "../../files/output/device_writer.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { Target } from "../../files/engine/target.ts";
import { isSameRoot, mayBeSource } from "../../files/target/same_file.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { PACK_RECORDS } from "../../protocol/limits.ts";
import { decodeName } from "../../protocol/names.ts";
import { FRESH_CHANGE, RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { type PackHeader, Piece } from "../../protocol/data/pack.ts";
import { type Failure, isToBeAnnounced } from "../../protocol/failure.ts";
import type { FileStatSnapshot } from "../../files/stat/file_stat.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import { checksumMismatch, toFailure } from "../failure.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { AnnouncedAttributes } from "./announced_attributes.ts";
import { NameGuard } from "./name_guard.ts";
import type { Contents } from "../frames/contents.ts";
import type { ReceivedPack, WrittenFile } from "../report.ts";
import { addOutcome, directoryAttributes } from "./pack_records.ts";
import { badPiece, readPieceRecords, ReceivedPieces } from "./received_pieces.ts";

/** Optional work for each pack. */
export interface PackReceiverOptions {
  /** If each file is flushed to disk: yields in between, because flushing takes long. */
  syncs?: EventLoopYielder;
  /** SHA-256, if reports have to contain the paths and digests of written files. */
  digest?: (bytes: Uint8Array) => Uint8Array;
  /** Computes what later runs have to know of written files. Default: no record is kept. */
  finished?: FinishedFiles;
  /** Replaces the attributes of records. Default: they stay as they are. */
  attributes?: AnnouncedAttributes;
  /** Reports what a device waits for. */
  note?: (text: string) => void;
}

/** The result of a pack frame. */
export interface FrameResult {
  /** For the main thread; undefined if there is nothing to report. */
  report?: ReceivedPack;
  /** Number of bytes written. */
  written: number;
  /** For the sender, one per record. */
  outcomes: (number | Failure)[];
}

/** Receives pack frames of one stream. */
export class PackReceiver {
  readonly #target: Target;
  readonly #options: PackReceiverOptions;
  readonly #roots: readonly TargetRoot[];
  readonly #guard: NameGuard;
  /** Digests of the written files of this frame, in two halves each (finished_files.ts). */
  readonly #digests = new Uint32Array(PACK_RECORDS * 2);
  #digestsEnd = 0;
  /** Root of the current directory. */
  #root = 0;
  /** Path of the current directory, if it is reported. */
  #directory = "";
  /** Writer of the current root if it is a device. */
  #device: DeviceWriter | undefined;
  /** A file of which pieces have arrived, but not the last one. */
  #pieces: ReceivedPieces | undefined;

  constructor(target: Target, roots: readonly TargetRoot[], options: PackReceiverOptions = {}) {
    this.#target = target;
    this.#options = options;
    this.#roots = roots;
    this.#guard = new NameGuard(roots);
  }

  /** Cancels a pending write to a device, and removes an incomplete file. */
  close(): void {
    this.#device?.close();
    this.#pieces?.discard();
    this.#pieces = undefined;
  }

  /** Whether only the next piece of a file may follow. */
  get isIncomplete(): boolean {
    return this.#pieces !== undefined;
  }

  /** Writes the records of a frame. @throws {ProtocolError} for records that a sender must not send. */
  async receive(header: PackHeader, { bytes, start, end }: Contents): Promise<Required<FrameResult>> {
    const { syncs, attributes } = this.#options;
    const report = this.#begin(header);
    const outcomes: (number | Failure)[] = [];
    const cursor = new RecordCursor(bytes, start, end, { plan: false });
    let directory: Failure | undefined;
    while (cursor.next()) {
      attributes?.apply(cursor);
      const entering = cursor.type === RecordType.enter || cursor.type === RecordType.directory;
      let outcome: number | Failure;
      try {
        if (entering) directory = undefined;
        const inPlace = this.#device !== undefined && cursor.type === RecordType.file;
        outcome = directory ?? (inPlace ? await this.#writeDevice(cursor, bytes) : this.#write(cursor, bytes, report));
        const yielding = syncs?.yieldIfDue();
        if (yielding) await yielding;
      } catch (error) {
        outcome = toFailure(error);
        if (entering) directory = outcome;
      }
      if (cursor.type === RecordType.enter) continue;
      addOutcome(outcomes, outcome);
      if (typeof outcome !== "number") report.failures.push(outcome);
      else {
        if (cursor.type !== RecordType.directory) report.files++;
        if (cursor.type === RecordType.file) report.bytes += cursor.size;
        if (report.written && (cursor.type === RecordType.file || cursor.type === RecordType.hardlink)) {
          report.written.push(this.#describe(cursor, bytes));
        }
      }
    }
    this.#complete(report);
    return { report, outcomes, written: report.bytes };
  }

  /** Writes a piece of a file. Only the last one has an outcome. @throws {ProtocolError} for a piece that must not follow. */
  receivePiece(header: PackHeader, contents: Contents): FrameResult {
    if (header.piece === Piece.first) return this.#beginFile(header, contents);
    const written = this.#addPiece(header, contents);
    if (header.piece === Piece.next) return { outcomes: [], written };
    const pieces = this.#pieces!;
    this.#pieces = undefined;
    if (header.piece === Piece.last) return { ...this.#finishFile(pieces, header), written };
    pieces.discard();
    return { outcomes: [], written };
  }

  /** Writes the first piece. */
  #beginFile(header: PackHeader, contents: Contents): FrameResult {
    if (this.isIncomplete) throw badPiece("another file is incomplete");
    const report = this.#begin(header);
    const start = this.#openPieces(header, contents, report);
    const written = this.#addPiece(header, { ...contents, start });
    // Another stream may continue the unit, and does not create its directories again.
    this.#complete(report);
    return { report, outcomes: [], written };
  }

  /** Writes contents. @returns the number of bytes written. */
  #addPiece(header: PackHeader, contents: Contents): number {
    const pieces = this.#pieces;
    if (!pieces) throw badPiece("no file is incomplete");
    return pieces.add(header, contents, () => this.#otherChecksum(pieces.cursor, pieces.record));
  }

  /** Opens a file in pieces. @returns where the contents are. */
  #openPieces(header: PackHeader, contents: Contents, report: ReceivedPack): number {
    const { bytes } = contents;
    let failure: Failure | undefined;
    const found = readPieceRecords(header, contents, (cursor) => {
      try {
        this.#enter(cursor, bytes, report);
      } catch (error) {
        failure = toFailure(error);
      }
    });
    this.#options.attributes?.apply(found);
    // Before the file is open, so that `close` finds it.
    const pieces = this.#pieces = new ReceivedPieces(header, found, bytes);
    pieces.open((cursor, record) => {
      this.#guard.check(found, bytes);
      return this.#target.small.begin(cursor, record);
    }, failure);
    return found.end;
  }

  /** Gives a file its final name. */
  #finishFile(pieces: ReceivedPieces, header: PackHeader): Omit<FrameResult, "written"> {
    const { cursor, record } = pieces;
    const { finished } = this.#options;
    const report = this.#begin(header);
    const outcome = pieces.finish((stat) => {
      if (finished && !header.isFresh) this.#addDigest(finished, cursor, record, stat);
    });
    if (typeof outcome === "number") {
      report.files++;
      report.bytes += cursor.size;
    } else if (!isToBeAnnounced(outcome)) report.failures.push(outcome);
    this.#complete(report);
    return { report, outcomes: [outcome] };
  }

  #begin({ unit, attempt }: PackHeader): ReceivedPack {
    const { syncs, digest } = this.#options;
    return {
      type: "pack",
      unit,
      attempt,
      files: 0,
      bytes: 0,
      skipped: 0,
      failures: [],
      directories: [],
      created: [],
      entered: syncs ? [] : undefined,
      written: digest ? [] : undefined,
    };
  }

  /** Adds to a report what the target has noted since the last one. */
  #complete(report: ReceivedPack): void {
    const { small } = this.#target;
    report.created = small.takeCreated();
    report.inPlace = small.takeInPlace();
    const kept = small.takeBackups();
    if (kept.length > 0) report.kept = kept;
    const deleted = small.takeDeleted();
    if (deleted.length > 0) report.deleted = deleted;
    if (this.#digestsEnd > 0) report.finished = this.#digests.slice(0, this.#digestsEnd);
    this.#digestsEnd = 0;
  }

  #write(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack): number {
    switch (cursor.type) {
      case RecordType.file: {
        this.#guard.check(cursor, bytes);
        const sum = crc32(bytes, cursor.contentStart, cursor.contentEnd);
        if (sum !== cursor.uint32(RecordField.crc32)) throw this.#otherChecksum(cursor, bytes);
        if (this.#target.small.isSource(cursor, bytes)) {
          report.same ??= { files: 0, root: this.#root, path: this.#pathOf(cursor, bytes) };
          report.same.files++;
          return sum;
        }
        const stat = this.#target.small.writeWhole(cursor, bytes);
        if (stat && this.#options.finished) this.#addDigest(this.#options.finished, cursor, bytes, stat);
        return sum;
      }
      case RecordType.directory:
        this.#enter(cursor, bytes, report);
        if (!isSameRoot(this.#roots[this.#root])) report.directories.push(directoryAttributes(cursor, bytes));
        return 0;
      case RecordType.enter:
        this.#enter(cursor, bytes, report);
        return 0;
      default:
        this.#guard.check(cursor, bytes);
        this.#target.small.makeLink(cursor, bytes);
        return 0;
    }
  }

  async #writeDevice(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const { contentStart, contentEnd, contentBytes } = cursor;
    const sum = crc32(bytes, contentStart, contentEnd);
    if (sum !== cursor.uint32(RecordField.crc32)) throw this.#otherChecksum(cursor, bytes);
    const device = this.#device!;
    try {
      await device.write(bytes, contentStart, contentBytes, 0);
      if (this.#options.syncs) await device.sync();
    } finally {
      device.close();
    }
    return sum;
  }

  #enter(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack): void {
    const { root, nameStart, nameEnd } = cursor;
    this.#guard.enter(cursor, bytes);
    this.#root = root;
    this.#target.small.enter(root, bytes, nameStart, nameEnd);
    this.#device = this.#target.openDevice(root, (text) => this.#options.note?.(text));
    this.#options.finished?.enter(root, bytes, nameStart, nameEnd);
    const isShown = report.entered || report.written || mayBeSource(this.#roots[root]);
    if (!isShown) return;
    this.#directory = decodeName(bytes.subarray(nameStart, nameEnd));
    report.entered?.push({ root, path: this.#directory });
  }

  /** Returns the place and digest of a file or hard link that was written. */
  #describe(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): WrittenFile {
    const { type, root, contentStart, contentEnd } = cursor;
    const path = this.#pathOf(cursor, bytes);
    const contents = bytes.subarray(contentStart, contentEnd);
    return type === RecordType.file
      ? { root, path, digest: this.#options.digest!(contents) }
      : { root, path, first: { root: cursor.firstRoot(), path: decodeName(contents) } };
  }

  /** Adds a file to the record of this run. A file that may still change under the same times is not recorded. */
  #addDigest(finished: FinishedFiles, cursor: RecordCursor, bytes: Uint8Array, stat: FileStatSnapshot): void {
    if ((cursor.uint32(RecordField.mode) & FRESH_CHANGE) !== 0) return;
    const digest = finished.digest(cursor, bytes, stat);
    this.#digests[this.#digestsEnd++] = digest[0];
    this.#digests[this.#digestsEnd++] = digest[1];
  }

  /** Returns the path of a record below its root. */
  #pathOf({ nameStart, nameEnd }: RecordCursor, bytes: Uint8Array): string {
    return joinPath(this.#directory, decodeName(bytes.subarray(nameStart, nameEnd)));
  }

  #otherChecksum(cursor: RecordCursor, bytes: Uint8Array): FileError {
    const name = decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
    return checksumMismatch(name, "its contents differ from what the sender read (CRC-32 differs)");
  }
}
