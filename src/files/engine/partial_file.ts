/** Interfaces for large files, which several threads write. */

import type { ByteRange, SummedRange } from "../../protocol/data/range_sums.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { Attributes, FileStatSnapshot } from "../stat/file_stat.ts";
import type { RangeReader } from "./source.ts";
import type { KeptBackup, PendingDirectory, RemovedPlace } from "./target_place.ts";

/** A large file that is being written. Plain data: may be posted to a Worker. */
export interface Partial {
  root: number;
  /** Relative to the root; "" if the root is the file. */
  path: string;
  /** Name of the temporary file, in the directory of the final one; "" for a device, which is written in place. */
  temporary: string;
  /** Identifies the temporary file. Another file of its name is neither read, nor written, nor renamed. */
  identity: FileIdentity;
  size: number;
  /** Path of the journal in the state directory: it records written blocks for a copy that resumes this one. */
  journal?: string;
  /** With `localCopy`: an earlier copy of the same source may have written more than the journal records. */
  continued?: boolean;
  /** Whether it is the source itself, under its final name: nothing is written, renamed or removed. */
  same?: boolean;
  /** Whether it is the existing file, under its final name: it is not renamed, and stays if the copy fails. */
  inPlace?: boolean;
  /** With `delta`: the existing file, from which unchanged blocks are copied. */
  old?: OldTarget;
  /** Of a file that shards write together: first byte of the range that this copy writes. The file is never removed. */
  sharedFrom?: number;
}

/** The readable file that a large file replaces or changes. */
export interface OldTarget {
  /** Its name, in the directory of the final one. */
  name: string;
  identity: FileIdentity;
  size: number;
  /** Key of the digests of its blocks. */
  key: Uint8Array<ArrayBuffer>;
}

/** A partial file that was created or resumed. */
export interface BegunPartial {
  partial: Partial;
  /** Ranges that the file already contains, in order and without overlaps. */
  kept: SummedRange[];
}

/** A target, and the record that an interrupted copy keeps of it: the journal of a large file, or the record of a run. */
export interface RecordedTarget {
  /** Path of the record in the state directory. */
  record: string;
  /** Absolute path of the target, without symbolic links: the subject of the record. */
  target: string;
}

/** Source of a large file. A copy is resumed only if all of it is equal: another size, time or identity is another source. */
export interface ResumableSource {
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /** Name that the sender gives the file: the same text for the same file in every run. */
  identity: string;
}

/** A large file that may be resumed. Without a source it starts over. */
export interface Resumable extends RecordedTarget {
  source?: ResumableSource;
  /** Whether `startJournal` starts the journal later, unless an earlier copy has left one. */
  later?: boolean;
  /** Called with the number of bytes before they are verified, and with the negative number afterwards. */
  checking?: (bytes: number) => void;
}

/** Creates, resumes and commits large files. */
export interface PartialFileWriter {
  /** As `SmallFileWriter.takeCreated`. */
  takeCreated(): PendingDirectory[];
  /** As `SmallFileWriter.takeBackups`. */
  takeBackups(): KeptBackup[];
  /** As `SmallFileWriter.takeDeleted`. */
  takeDeleted(): RemovedPlace[];
  /** Creates the temporary file of a large file, without allocating its space. @throws {FileError} */
  create(root: number, path: string, size: number): Partial;
  /**
   * Creates or resumes a large file. With a record and a source, the result has a journal if the record can be locked. Then it
   * also contains the ranges that an earlier copy of this source wrote. With a record and no source, the remains of an
   * earlier copy are removed.
   *
   * @param from.source Identity of the source, if it is known and on this machine.
   * @param from.delta Whether the result has `old`, if there is a file that can be read.
   * @throws {FileError}
   */
  begin(
    root: number,
    path: string,
    size: number,
    from?: { resumable?: Resumable; source?: FileIdentity; delta?: boolean },
  ): Promise<BegunPartial>;
  /**
   * Creates or opens a partial file that several processes write together, as `begin` does.
   *
   * @param from.name its name in the directory of the final one.
   * @param from.range the range that this copy writes.
   * @throws {FileError} Also if the file belongs to another user or has other names.
   */
  beginRange(
    root: number,
    path: string,
    size: number,
    from: { name: string; range: ByteRange; resumable?: Resumable; source?: FileIdentity },
  ): Promise<BegunPartial>;
  /**
   * Opens a partial file that several processes have written together. If there is none, the file that has the final name.
   *
   * @throws {FileError} as `beginRange`, and if the file has another size, or a process still writes to it.
   */
  openJoined(root: number, path: string, size: number, from: { name: string; source?: FileIdentity }): Promise<Partial>;
  /** Closes a partial file whose range is complete. Its journal stays until `removeJournals`. */
  leaveRange(partial: Partial): void;
  /** Removes the journals of all ranges that `leaveRange` has closed. */
  removeJournals(): Promise<void>;
  /**
   * Starts the journal of a partial file without one, so that a later copy resumes the file.
   *
   * @returns Path of the journal; undefined if it cannot be locked, or the file was finished or abandoned meanwhile.
   */
  startJournal(partial: Partial, target: RecordedTarget, source: ResumableSource): Promise<string | undefined>;
  /** Opens a partial file, not a device, for writing in any thread. @throws {FileError} Also if another file has its name. */
  open(partial: Partial): RangeWriter;
  /** Opens a partial file, not a device, for reading. @throws {FileError} Also if another file has its name. */
  read(partial: Partial): RangeReader;
  /** Opens the existing file of a partial file that has one. @throws {FileError} Also if it was replaced or resized. */
  readOld(partial: Partial, old: OldTarget): RangeReader;
  /** Flushes a partial file to disk. @throws {FileError} */
  sync(partial: Partial): Promise<void>;
  /** Sets size and attributes, and renames the file to its final name. Returns and throws as `writeWhole`. */
  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileStatSnapshot | undefined;
  /** Removes the temporary file and its journal; never fails. */
  discard(partial: Partial): void;
  /** Releases a partial file for a later copy that resumes it. Removes one without a journal, or with an empty one. */
  keep(partial: Partial): void;
}

/** A large target file, open for writing. */
export interface RangeWriter {
  /** Final path, for messages. */
  readonly path: string;
  /** Writes all of buffer[at, at + length). @throws {FileError} */
  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void;
  /** As `writeAt`, in another thread; see `RangeReader.readAsync`. Closing the writer takes effect after the call. */
  writeAsync?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
  /** Makes these bytes zero, by a hole if possible. @throws {FileError} */
  zerosAt(offset: number, length: number): void;
  /**
   * Lets the system copy these bytes from the same offset of another file. The reader must stay open until the promise
   * settles. Closing the writer takes effect after the call.
   *
   * @returns Number of bytes copied; 0 if the system cannot copy them, or at the end of the file.
   */
  copyFrom?(reader: RangeReader, offset: number, length: number): Promise<number>;
  /** As `RangeReader.readAsync`, from the file that is being written. Closing the writer takes effect after the call. */
  readBackAsync?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
  /** Returns the number of bytes from `offset`, at most `length`, that were never written; 0 if unknown. */
  holeAt?(offset: number, length: number): number;
  /** As `copyFrom`, by sharing the blocks of the other file. @returns Whether they are shared. Otherwise nothing has changed. */
  shareFrom?(reader: RangeReader, offset: number, length: number): Promise<boolean>;
  close(): void;
}
