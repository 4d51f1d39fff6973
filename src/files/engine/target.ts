/** Interfaces for writing target files. */

import type { RecordCursor } from "../../protocol/data/records.ts";
import type { FileStatSnapshot } from "../stat/file_stat.ts";
import type { DeviceWriter } from "../output/device_writer.ts";
import type { GatheredFiles, KeptBackup, PendingDirectory, RemovedPlace } from "./target_place.ts";
import type { PartialFileWriter } from "./partial_file.ts";
import type { DirectoryWriter } from "./directory_writer.ts";

/** Writes below the target roots and nowhere else; one per thread. Each job has a current directory of its own. */
export interface Target {
  readonly small: SmallFileWriter;
  readonly partials: PartialFileWriter;
  readonly directories: DirectoryWriter;
  /**
   * Returns the writer of a root that is a device. It is used instead of `SmallFileWriter.writeWhole` and
   * `PartialFileWriter.open`.
   *
   * @param note Called with a note for the user if opening the device takes long.
   * @returns undefined if the root is not a device.
   */
  openDevice(root: number, note: (text: string) => void): DeviceWriter | undefined;
  /** Removes temporary files of this target; with `keepPartials` resumable partial files stay. May be called again. */
  abort(options?: { keepPartials?: boolean }): void;
  close(): void;
}

/** A file under a temporary name. */
export interface UnfinishedFile {
  /** Appends bytes[start, start + length). @throws {FileError} Operation "write". The temporary file is removed. */
  append(bytes: Uint8Array<ArrayBuffer>, start: number, length: number): void;
  /** As `SmallFileWriter.writeWhole`, after all contents. @returns "refused" if the file has to be written in place. */
  commit(): FileStatSnapshot | undefined | "refused";
  /** Removes the temporary file. May be called again, or after `commit`. */
  discard(): void;
}

/** Writes the records of packs. */
export interface SmallFileWriter {
  /**
   * Enters the directory bytes[start, end), relative to the root, and creates it if necessary (mode 01700 until
   * `DirectoryWriter.finish`). A NUL must follow at bytes[end].
   *
   * @throws {FileError} Operation "create"; also for a symbolic link, which is never followed.
   * @throws {ProtocolError} If the root is a file and the path is not "".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /** Returns the directories that were created, or whose permissions were extended, since the last call. */
  takeCreated(): PendingDirectory[];
  /** With `keepBackups`: returns the backups since the last call. */
  takeBackups(): KeptBackup[];
  /** With `replaces`: returns the entries that were removed with directories since the last call. */
  takeDeleted(): RemovedPlace[];
  /** Returns the files since the last call that were written in place although the options do not ask for it. */
  takeInPlace(): GatheredFiles | undefined;
  /** Returns whether the target of a file record is its source, which must be left alone. @throws {FileError} */
  isSource(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean;
  /**
   * Writes the file of a record, with its contents, to the current directory.
   *
   * @returns Status of the file, valid until the next call; undefined if the options do not ask for it.
   * @throws {FileError} Operation "write". The temporary file is removed and the replaced file stays. If only times or
   * extended attributes cannot be set, the file has its final name.
   */
  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileStatSnapshot | undefined;
  /**
   * Begins the file of a record whose contents follow in pieces. Until it is committed or discarded, no other file of the
   * current directory may be written.
   *
   * @param cursor At the record. Cursor and bytes must stay the same until then.
   * @returns undefined if the file cannot be replaced, and has to be written in place.
   * @throws {FileError} Operation "write".
   */
  begin(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): UnfinishedFile | undefined;
  /** Creates the link of a symlink or hardlink record in the current directory. @throws {FileError} Operation "create". */
  makeLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): void;
}
