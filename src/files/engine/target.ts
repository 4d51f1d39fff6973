/** Interfaces for writing target files. */

import type { FileError } from "../../errors.ts";
import type { ByteRange, SummedRange } from "../../protocol/data/range_sums.ts";
import type { RecordCursor } from "../../protocol/data/records.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { Attributes, FileStatSnapshot } from "../stat/file_stat.ts";
import type { DeviceWriter } from "../output/device_writer.ts";
import type { FilterRule } from "../walk/filter.ts";
import type { RangeReader } from "./source.ts";

export interface TargetOptions {
  /** Whether mode, owner and times are copied from the source. */
  preserve: boolean;
  /** Whether modification times are copied from the source even without `preserve`. Default: false. */
  keepTimes?: boolean;
  /** Permission bits removed without `preserve`: the umask of this process. */
  umask: number;
  /** Whether extended attributes from the sender are set. Needs `loadXattrs`. Default: false. */
  xattrs?: boolean;
  /** Whether access control lists are copied from the source, with `preserve` only. Needs `loadXattrs`. Default: false. */
  acls?: boolean;
  /** Whether the sender removes its files afterwards, so that a target must not be its source. Default: false. */
  moves?: boolean;
  /** Letters and digits of this session, for temporary names. */
  token: string;
  /** Whether existing files are written in place, unless backups are kept. Default: false. */
  inplace?: boolean;
  /** Whether pages of zeros become holes. Default: false. */
  sparse?: boolean;
  /** Whether large files may bypass the page cache. Default: false. */
  direct?: boolean;
  /** Whether a file is flushed to disk before it gets its final name. Default: false. */
  fsync?: boolean;
  /** Whether the status of written files is returned. Default: false. */
  statAfterWrite?: boolean;
  /**
   * Whether replaced files and links are backed up until a `TargetComparer` drops or restores the backup. A file system
   * without hard links has no backups. Default: false.
   */
  keepBackups?: boolean;
  /** Keeps the files and links that are replaced. Default: they are removed. */
  backup?: BackupNaming;
  /**
   * Whether the sender offers local copies: then the bytes of a partial file that an earlier copy left can be compared
   * with the source. Default: false.
   */
  localCopy?: boolean;
  /**
   * If set, a directory of the source replaces another entry of its name, and a file or link of the source replaces a
   * directory with its contents. Default: such an entry fails.
   */
  replaces?: ReplacedKinds;
  /**
   * Memory of the links that this process has created (`createdLinks`). If set, another symbolic link to a directory is used
   * as that directory, if the link can be trusted (directory_links.ts). Default: no link is followed.
   */
  dirlinks?: SharedArrayBuffer;
}

/** Entries that stay when a directory is replaced. Plain data: may be posted to a Worker. */
export interface ReplacedKinds {
  /** Rules that exclude paths relative to the root. */
  filters: FilterRule[];
  /** Sources on this machine. */
  sources: FileIdentity[];
}

/** Names of the files that the user wants to keep (`--backup`). */
export interface BackupNaming {
  /** Is appended to the name of a replaced file. May be empty with `elsewhere`. */
  suffix: string;
  /** Whether backups go to the `backups` of their roots instead of the directories of their files. */
  elsewhere: boolean;
}

/** A file or directory of a target: `path` is relative to the root, and "" is the file or directory of the root. */
export interface TargetPlace {
  root: number;
  path: string;
}

/** An entry of a target that was removed. */
export interface RemovedPlace extends TargetPlace {
  isDirectory: boolean;
}

/** A backup of a replaced file or link: `path` is the path of the file, relative to the root. */
export interface KeptBackup extends TargetPlace {
  identity: FileIdentity;
}

/** A directory that a writer created, or whose permissions it extended. Its mode must be set at the end of the copy. */
export interface PendingDirectory extends TargetPlace {
  /** Whether the writer created the directory. */
  created: boolean;
  /** Permissions to restore in an existing directory. */
  mode?: number;
}

/** A directory at the end of the copy. */
export interface FinishedDirectory extends PendingDirectory {
  /**
   * Whether an interrupted copy may have created it and left it without permissions. Its mode is then 01700, or 0700 on
   * systems that do not allow the sticky bit.
   */
  continued?: boolean;
  /** Attributes of the source; undefined if the sender did not send them. */
  attributes?: Attributes;
  /** Extended attributes of the source, as a block (xattrs.ts). */
  xattrs?: Uint8Array;
}

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

/** Files that are reported together: their number, and the place of the first one. */
export interface GatheredFiles extends TargetPlace {
  files: number;
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
  /** Creates the link of a symlink or hardlink record in the current directory. @throws {FileError} Operation "create". */
  makeLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): void;
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

/** Names in the source, so that the receiver can remove other entries. */
export interface SourceNames {
  /** Returns whether the source listed the directory of this absolute target path. */
  hasDirectory(path: string): boolean;
  /**
   * Returns whether the source has an entry of this name in a directory. "alias": it has one that a file system may not
   * distinguish, because it ignores case or normalizes names.
   */
  find(directory: string, name: string): "listed" | "alias" | "missing";
}

/** Options for removing entries that the source lacks. */
export interface ExtraOptions {
  names: SourceNames;
  /** Returns whether a path relative to its root may be removed, as `WalkOptions.accept`. Default: every path. */
  accept?: (path: string, isDirectory: boolean) => boolean;
  /** Sources on this machine, which are never removed. */
  sources: readonly FileIdentity[];
  /** Maximum number of entries to remove. */
  limit: number;
  /** Whether to report entries without removing them. */
  dryRun: boolean;
  /** Called for each entry that was removed, or would be, and awaited. */
  removed: (place: RemovedPlace) => void | Promise<void>;
  /** Called often, and awaited. Yields to the event loop. */
  yieldIfDue: () => void | Promise<void>;
}

/** Result of removing entries that the source lacks. */
export interface RemovedExtras {
  /** Number of entries that were removed, or would be. */
  removed: number;
  /** Number of entries that stay because of the limit. */
  left: number;
  /** Number of directories that stay because they contain excluded or private entries. */
  kept: number;
  /** The first failures. */
  failures: FileError[];
  /** Number of further failures. */
  moreFailures: number;
  /** Directories whose permissions were extended. */
  opened: PendingDirectory[];
}

/** Completes directories at the end of a copy. */
export interface DirectoryWriter {
  /** Sets the final attributes, deepest directories first. Returns the failures. */
  finish(directories: FinishedDirectory[]): FileError[];
  /**
   * Removes entries that the source lacks from the directories that the source listed, with their contents. No link is
   * followed, and no other file system is entered. Call it before `finish`.
   */
  removeExtras(options: ExtraOptions): Promise<RemovedExtras>;
  /** Flushes the entries of these directories to disk, and the names of root directories that were created. */
  sync(directories: Iterable<TargetPlace>): Promise<FileError[]>;
  /** Removes temporary files of this copy from these directories. Nothing may write to them. Never fails. */
  sweep(directories: Iterable<TargetPlace>): void;
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
