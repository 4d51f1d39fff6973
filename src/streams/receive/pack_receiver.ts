/** Writes what a pack frame brings. No memory is taken and no promise made per file that goes well, but one number. */

import { FileError, ProtocolError } from "../../errors.ts";
import type { DeviceWriter } from "../../files/target/device_writer.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { TargetWriter } from "../../files/engine/target.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { PACK_RECORDS } from "../../protocol/limits.ts";
import { decodeName } from "../../protocol/names.ts";
import { FRESH_CHANGE, RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import type { PackHeader } from "../../protocol/data/pack.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { FileStatSnapshot } from "../../files/stat/file_stat.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import { toFailure } from "../failure.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { NameGuard } from "./name_guard.ts";
import type { DirectoryAttributes, ReceivedPack, WrittenFile } from "../unit.ts";

/** What else is wanted of a pack. */
export interface PackReceiverOptions {
  /** Where each file is brought to the disk, which takes its time: lets others have their turn. */
  syncs?: EventLoopYielder;
  /** SHA-256, where reports tell which files, and what is in them. */
  digest?: (bytes: Uint8Array) => Uint8Array;
  /** Reports have digests of files that are to be remembered. */
  finished?: FinishedFiles;
  /** Called with what a device waits for. */
  note?: (text: string) => void;
}

/** Receives pack frames of one stream. */
export class PackReceiver {
  readonly #target: TargetWriter;
  readonly #syncs: EventLoopYielder | undefined;
  readonly #digest: ((bytes: Uint8Array) => Uint8Array) | undefined;
  readonly #finished: FinishedFiles | undefined;
  /** Halves of digests of the files that this pack has brought so far. */
  readonly #digests = new Uint32Array(PACK_RECORDS * 2);
  #digestsEnd = 0;
  readonly #note: (text: string) => void;
  #directory = "";
  readonly #guard: NameGuard;
  /** Writer of the current root if it is a device. */
  #device: DeviceWriter | undefined;

  constructor(
    target: TargetWriter,
    roots: readonly TargetRoot[],
    { syncs, digest, finished, note = () => {} }: PackReceiverOptions = {},
  ) {
    this.#target = target;
    this.#guard = new NameGuard(roots);
    this.#note = note;
    this.#digest = digest;
    this.#syncs = syncs;
    this.#finished = finished;
  }

  /** Cancels a pending write to a device. */
  close(): void {
    this.#device?.close();
  }

  /**
   * Writes the records in bytes[start, end).
   *
   * @returns what to tell the main thread, and the outcome of each record for the sender.
   * @throws {ProtocolError} when a record is not what a sender may send.
   */
  async receive(
    { unit, attempt }: PackHeader,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    end: number,
  ): Promise<{ report: ReceivedPack; outcomes: (number | Failure)[] }> {
    const report: ReceivedPack = {
      type: "pack",
      unit,
      attempt,
      files: 0,
      bytes: 0,
      skipped: 0,
      failures: [],
      directories: [],
      created: [],
      ...(this.#syncs ? { entered: [] } : {}),
      ...(this.#digest ? { written: [] } : {}),
    };
    const outcomes: (number | Failure)[] = [];
    const cursor = new RecordCursor(bytes, start, end, { plan: false });
    let directory: Failure | undefined;
    this.#digestsEnd = 0;
    while (cursor.next()) {
      const entering = cursor.type === RecordType.enter || cursor.type === RecordType.directory;
      let outcome: number | Failure;
      try {
        if (entering) directory = undefined;
        const inPlace = this.#device !== undefined && cursor.type === RecordType.file;
        outcome = directory ?? (inPlace ? await this.#writeDevice(cursor, bytes) : this.#write(cursor, bytes, report));
        const pausing = this.#syncs?.yieldIfDue();
        if (pausing) await pausing;
      } catch (error) {
        outcome = toFailure(error);
        if (entering) directory = outcome;
      }
      if (cursor.type === RecordType.enter) continue;
      if (outcomes.push(outcome) > PACK_RECORDS) {
        throw new ProtocolError("bad-record", `Cannot accept more than ${PACK_RECORDS} records in one frame`);
      }
      if (typeof outcome !== "number") report.failures.push(outcome);
      else {
        if (cursor.type !== RecordType.directory) report.files++;
        if (cursor.type === RecordType.file) report.bytes += cursor.size;
        if (report.written && (cursor.type === RecordType.file || cursor.type === RecordType.hardlink)) {
          report.written.push(this.#describe(cursor, bytes));
        }
      }
    }
    report.created = this.#target.takeCreated();
    const kept = this.#target.takeKept();
    if (kept.length > 0) report.kept = kept;
    if (this.#digestsEnd > 0) report.finished = this.#digests.slice(0, this.#digestsEnd);
    return { report, outcomes };
  }

  #write(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack): number {
    switch (cursor.type) {
      case RecordType.file: {
        this.#guard.check(cursor, bytes);
        const sum = crc32(bytes, cursor.contentStart, cursor.contentEnd);
        if (sum !== cursor.uint32(RecordField.crc32)) throw this.#corrupt(cursor, bytes);
        const look = this.#target.writeWhole(cursor, bytes);
        if (look && this.#finished) this.#remember(this.#finished, cursor, bytes, look);
        return sum;
      }
      case RecordType.directory:
        this.#enter(cursor, bytes, report);
        report.directories.push(directoryAttributes(cursor, bytes));
        return 0;
      case RecordType.enter:
        this.#enter(cursor, bytes, report);
        return 0;
      default:
        this.#guard.check(cursor, bytes);
        this.#target.makeLink(cursor, bytes);
        return 0;
    }
  }

  async #writeDevice(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const { contentStart, contentEnd, contentBytes } = cursor;
    const sum = crc32(bytes, contentStart, contentEnd);
    if (sum !== cursor.uint32(RecordField.crc32)) throw this.#corrupt(cursor, bytes);
    const device = this.#device!;
    try {
      await device.write(bytes, contentStart, contentBytes, 0);
      if (this.#syncs) await device.sync();
    } finally {
      device.close();
    }
    return sum;
  }

  #enter(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack): void {
    const { root, nameStart, nameEnd } = cursor;
    this.#guard.enter(cursor, bytes);
    this.#target.enter(root, bytes, nameStart, nameEnd);
    this.#device = this.#target.openDevice(root, this.#note);
    this.#finished?.enter(root, bytes, nameStart, nameEnd);
    if (!report.entered && !report.written) return;
    this.#directory = decodeName(bytes.subarray(nameStart, nameEnd));
    report.entered?.push({ root, path: this.#directory });
  }

  /** A file, or a further name of one, that is in place. */
  #describe(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): WrittenFile {
    const { type, root, nameStart, nameEnd, contentStart, contentEnd } = cursor;
    const path = joinPath(this.#directory, decodeName(bytes.subarray(nameStart, nameEnd)));
    const contents = bytes.subarray(contentStart, contentEnd);
    return type === RecordType.file
      ? { root, path, digest: this.#digest!(contents) }
      : { root, path, first: decodeName(contents) };
  }

  #remember(finished: FinishedFiles, cursor: RecordCursor, bytes: Uint8Array, look: FileStatSnapshot): void {
    if ((cursor.uint32(RecordField.mode) & FRESH_CHANGE) !== 0) return;
    const digest = finished.digest(cursor, bytes, look);
    this.#digests[this.#digestsEnd++] = digest[0];
    this.#digests[this.#digestsEnd++] = digest[1];
  }

  #corrupt(cursor: RecordCursor, bytes: Uint8Array): FileError {
    const name = decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
    return new FileError("write", name, "its contents are not what was read (CRC-32 differs)", {
      code: "ECHECKSUM",
      hint: "Copy it again; if it stays so, test the memory of both machines",
    });
  }
}

/** What a `directory` record says of its directory. */
export function directoryAttributes(cursor: RecordCursor, bytes: Uint8Array): DirectoryAttributes {
  return {
    root: cursor.root,
    path: decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd)),
    attributes: {
      mode: cursor.uint32(RecordField.mode),
      uid: cursor.uint32(RecordField.uid),
      gid: cursor.uint32(RecordField.gid),
      mtime: cursor.seconds(RecordField.mtime),
      mtimeNs: cursor.uint32(RecordField.mtimeNs),
      atime: cursor.seconds(RecordField.atime),
      atimeNs: cursor.uint32(RecordField.atimeNs),
    },
    // The frame's buffer is used again.
    xattrs: cursor.xattrs()?.slice(),
  };
}
