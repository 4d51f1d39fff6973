/** Interfaces for writing target files. */

import type { FileError } from "../../errors.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { RecordCursor } from "../../protocol/data/records.ts";
import type { FileStatSnapshot } from "../stat/file_stat.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { Attributes } from "../stat/file_stat.ts";
import type { DeviceWriter } from "../target/device_writer.ts";
import type { RangeReader } from "./source.ts";

export interface TargetOptions {
  /** Whether mode, owner and times become those of the source. */
  preserve: boolean;
  /** Whether modification times become those of the source without `preserve` too. Default false. */
  keepTimes?: boolean;
  /** Permissions that are taken away without `preserve`: the umask of this process. */
  umask: number;
  /** Whether extended attributes that a sender brings are set. Needs `loadXattrs`. Default false. */
  xattrs?: boolean;
  /** Whether access control lists become those of the source; with `preserve` only. Needs `loadXattrs`. Default false. */
  acls?: boolean;
  /** Letters and digits of this session, for temporary names. */
  token: string;
  /** Whether pages of zeros become holes. Default false. */
  sparse?: boolean;
  /** Whether large files may bypass the page cache. Default false. */
  direct?: boolean;
  /** Whether a file is on stable storage before it gets its final name. Default false. */
  fsync?: boolean;
  /** Whether it is told how finished files look. Default false. */
  statAfterWrite?: boolean;
  /**
   * Whether what a file or link replaces is kept until it is forgotten, or has its name back (TargetComparer). Where the
   * file system has no hard links nothing is. Default false.
   */
  keepBackups?: boolean;
  /** Whether the sender lends its files: what an earlier copy has left of one can be compared with it. Default false. */
  lent?: boolean;
}

/** A directory of a target: `path` is relative to the root, whose own directory is "". */
export interface DirectoryPlace {
  root: number;
  path: string;
}

/** A file or link that was replaced, and has a backup: `path` is its own path, relative to the root. */
export interface KeptBackup extends DirectoryPlace {
  identity: FileIdentity;
}

/** A directory that a writer made or had to open up for itself, whose mode must be set at the end. */
export interface PendingDirectory extends DirectoryPlace {
  created: boolean;
  /** Of a directory that was there: the permissions to give back. */
  mode?: number;
}

/** A directory at the end of the copy: what is known of it from both sides. */
export interface FinishedDirectory extends PendingDirectory {
  /** An interrupted copy may have made it, and left it without its permissions: then it has the mode 01700, or 0700 where that cannot be. */
  continued?: boolean;
  /** From the source, where its record has arrived. */
  attributes?: Attributes;
  /** Extended attributes from the source, as a block (xattrs.ts). */
  xattrs?: Uint8Array;
}

/** The record of a large file, and what must be equal for a later copy to continue; no source: it starts over. */
export interface Resumable extends RecordedTarget {
  source?: ResumableSource;
}

/** A large file on its way. Plain data: may be posted to a Worker. */
export interface Partial {
  root: number;
  /** Relative to the root; "" when the root is the file. */
  path: string;
  /** Name of the temporary file in the directory of the final one; "" for a device, which is written in place. */
  temporary: string;
  /** Identifies the temporary file: another file under its name is neither read, written to nor published. */
  identity: FileIdentity;
  size: number;
  /** Path of the journal in the state directory: written blocks are noted there, for a copy that continues this one. */
  journal?: string;
  /** With `lent`: an earlier copy of the same source may have written more of it than is known. */
  continued?: boolean;
}

/** A large file that begins, perhaps not for the first time. */
export interface BegunPartial {
  partial: Partial;
  /** What of it is there already, in order and without overlaps. */
  kept: SummedRange[];
}

/** Writes below the target roots and nowhere else; one per thread. */
export interface TargetWriter {
  /**
   * Makes the directory bytes[start, end), relative to the root, the current one, and makes it first where it is missing
   * (mode 01700 until `finishDirectories`). A NUL stands at bytes[end].
   *
   * @throws {FileError} act "create"; a symbolic link is never followed.
   * @throws {ProtocolError} when the root is a file and the path is not "".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /** Directories that this writer has touched since the last call. */
  takeCreated(): PendingDirectory[];
  /** With `keepBackups`: returns the backups that this writer has made since the last call. */
  takeKept(): KeptBackup[];
  /**
   * Writes the file of a record, with its contents, to the current directory.
   *
   * @throws {FileError} act "write"; nothing is left behind, and what was there stays. Only when the reason is that
   * extended attributes could not be set, the file is in place.
   * @returns how it looks now, until the next call; undefined if that was not asked for.
   */
  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileStatSnapshot | undefined;
  /** Makes the link of a symlink or hardlink record in the current directory. @throws {FileError} act "create". */
  makeLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): void;
  /**
   * The writer of a root that is a device, which takes the place of `writeWhole` and `openPartial`.
   *
   * @param note Called with what the device waits for.
   * @returns undefined if the root is something else.
   */
  openDevice(root: number, note: (text: string) => void): DeviceWriter | undefined;
  /** Makes the temporary file of a large one, without taking space. @throws {FileError} */
  createPartial(root: number, path: string, size: number): Partial;
  /**
   * As `createPartial`; with a record and a source, if the record can be locked, with a journal and with what an earlier
   * copy of this source has left. With `lent` that includes bytes that are not noted. With a record and no source, what
   * an earlier copy has left is removed.
   *
   * @throws {FileError}
   */
  beginPartial(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial>;
  /** Opens it for writing, in whichever thread; not for a device. @throws {FileError} also if another file has its name. */
  openPartial(partial: Partial): RangeWriter;
  /** Opens it, not a device, to read what was written. @throws {FileError} also if another file has its name. */
  readPartial(partial: Partial): RangeReader;
  /** Resolves when what is written of it is on stable storage. @throws {FileError} */
  sync(partial: Partial): Promise<void>;
  /**
   * Gives it its size, where that was not known, its attributes and its final name. Returns and throws as `writeWhole`
   * does.
   */
  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileStatSnapshot | undefined;
  /** Removes the temporary file, and its journal; never fails. */
  discard(partial: Partial): void;
  /** Lets go of it for a later copy that goes on with it; one without a journal, or with an empty one, is removed. */
  keep(partial: Partial): void;
  /** Sets what directories shall have at the end, deepest first. */
  finishDirectories(directories: FinishedDirectory[]): FileError[];
  /** Resolves when the names in these directories are on stable storage, and those of root directories that were made. */
  syncDirectories(directories: Iterable<DirectoryPlace>): Promise<FileError[]>;
  /** Removes temporary files of this copy from these directories, when nothing writes to them. Never fails. */
  sweep(directories: Iterable<DirectoryPlace>): void;
  /** Removes this writer's temporary files; with `keepPartials` large ones that can be continued stay. May be called again. */
  abort(options?: { keepPartials?: boolean }): void;
  close(): void;
}

/** A large target file. */
export interface RangeWriter {
  /** Its final path, for messages. */
  readonly path: string;
  /** Writes all of buffer[at, at + length). @throws {FileError} */
  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void;
  /** As `writeAt`, in another thread, to a file; as `readAside`. Closing the writer meanwhile takes effect then. */
  writeAsync?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
  /** Makes these bytes zero, by a hole if possible. @throws {FileError} */
  zerosAt(offset: number, length: number): void;
  /**
   * Has the system copy these bytes from the same place in another file, in part or whole. The reader has to stay open
   * until this is done; closing the writer meanwhile takes effect then.
   *
   * @returns how many were copied; 0 where the system cannot, or the file ends.
   */
  copyFrom?(reader: RangeReader, offset: number, length: number): Promise<number>;
  /** As `readAside` of a reader, with what stands in the file now. As `writeAside` about closing. */
  readBackAsync?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
  /** How many bytes from `offset` on, at most `length`, nobody has written; 0 also when that is not known. */
  holeAt?(offset: number, length: number): number;
  /** As `copyFrom`, by sharing the blocks of the other file. @returns false where the file system cannot: nothing is done. */
  shareFrom?(reader: RangeReader, offset: number, length: number): Promise<boolean>;
  close(): void;
}

/** A large file and its record. */
export interface RecordedTarget {
  /** Path of the journal in the state directory. */
  record: string;
  /** Absolute path of the target, without symbolic links: what the record is about. */
  target: string;
}

/** What must be equal for a copy to continue: another size, time or identity is another source. */
export interface ResumableSource {
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  mtimeNs: number;
  /** What the sender calls the file: the same text for the same file in every run. */
  identity: string;
}
