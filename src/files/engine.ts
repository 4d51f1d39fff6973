/** What an engine of the file side offers, and the choice between the two. Streams see only these interfaces. */

import { type FileError, UserError } from "../errors.ts";
import type { LentFile } from "../protocol/lent.ts";
import type { SummedRange } from "../protocol/range_sums.ts";
import type { RecordCursor } from "../protocol/records.ts";
import type { FileLook } from "../resume/file_digest.ts";
import type { ResumableSource } from "../resume/journal.ts";
import type { RecordedTarget } from "../resume/take_over.ts";
import type { DeviceWriter } from "./device_writer.ts";
import type { FileIdentity } from "./file_identity.ts";
import type { Attributes, ChangeTimes, FileStat } from "./file_stat.ts";
import type { FolderLister } from "./folder_lister.ts";
import type { GlobEntry } from "./glob/expand.ts";
import { createNativeEngine } from "./native_engine.ts";
import { createPortableEngine } from "./portable_engine.ts";
import type { TargetComparer } from "./target_comparer.ts";

/** One source operand, found. Plain data: may be posted to a Worker. */
export interface SourceRoot {
  /** Absolute path on this machine; "" of a file that is made up (made_up.ts). */
  path: string;
  /** What the receiver is told: the last component, or "." for "dir/.", "..", and "/". */
  name: string;
  /** "input": standard input. */
  kind: "file" | "folder" | "input";
  identity: FileIdentity;
  /** Bytes of a file, 0 of a folder; as found. */
  size: number;
  /** Folder, without symbolic links, that nothing may lie outside of, whatever links lead there. */
  within?: string;
}

/**
 * Target of one root; `within` is as in `SourceRoot`. `identity` identifies the directory that its contents are written
 * to: nothing is written to another directory under the same path. With `refused` it has a private name: each entry of it
 * fails. Plain data: may be posted to a Worker.
 */
export type TargetRoot =
  /**
   * A directory that exists; `created` if this copy created it, `continued` if an interrupted copy did. `parent` identifies
   * the directory above one that is created.
   */
  | {
    kind: "folder";
    path: string;
    created: boolean;
    continued?: boolean;
    refused?: boolean;
    within?: string;
    identity?: FileIdentity;
    parent?: FileIdentity;
  }
  /** A file of this name in a folder that exists. */
  | { kind: "file"; folder: string; name: string; refused?: boolean; within?: string; identity?: FileIdentity }
  /**
   * A character device, FIFO or the like: written in place and in order.
   *
   * `shown` is the target as the user typed it. Default: the path. `identity` identifies the device itself.
   */
  | { kind: "device"; path: string; shown?: string; isFifo?: boolean; identity?: FileIdentity };

export interface WalkOptions {
  /** Whether folders are entered; a folder without it is a failed item. */
  recursive: boolean;
  /** What to do about symbolic links inside the roots. A root itself is always followed. Default "follow". */
  symlinks?: "follow" | "preserve" | "skip";
  /** Whether further names of one file become hardlink records, which come after everything else. Default false. */
  hardlinks?: boolean;
  /** Extended attributes become part of the records. Needs `loadXattrs`. Default false. */
  xattrs?: boolean;
  /** Access control lists become part of the records. Needs `loadXattrs`. Default false. */
  acls?: boolean;
  preserve?: ReadOptions["preserve"];
  /** Says whether a path relative to its root is wanted; a refused folder is not entered. Not asked for roots. */
  accept?: (path: string, isFolder: boolean) => boolean;
  /** Asked before a symbolic link is followed, with its absolute path. @throws {FileError} to leave it out. */
  checkLink?: (path: string) => void;
}

/** What a walk finds. */
export type WalkItem =
  | {
    type: "pack";
    /** Records without contents that stand for themselves: the first is `enter` or `folder`. Owns its ArrayBuffer. */
    plan: Uint8Array<ArrayBuffer>;
    /** Number of records other than `enter`. */
    records: number;
    /** Number of `file` records. */
    files: number;
    /** Bytes of contents that they promise. */
    bytes: number;
    /** Whether it holds hardlink records: to be applied when everything before it is in place. */
    links: boolean;
  }
  | {
    type: "ranged";
    root: number;
    path: string;
    size: number;
    attributes: Attributes;
    identity: FileIdentity;
    times: ChangeTimes;
    /** Extended attributes, as a block (xattrs.ts). */
    xattrs?: Uint8Array<ArrayBuffer>;
  }
  /** Standard input is a root. */
  | { type: "input"; root: number }
  | { type: "failed"; error: FileError }
  | { type: "note"; path: string; message: string };

/** A lazy walk over the roots, depth first. */
export interface Walk {
  /** The next item, undefined at the end. Never throws for a single path. */
  next(): WalkItem | undefined | Promise<WalkItem | undefined>;
  /** Lets go of what is open. */
  close(): void;
}

/** A root and the folders below it, for who changes something there: no link below the root is followed. */
export interface FolderTree {
  readonly lister: FolderLister;
  /** A path by which `Deno.*` comes to the folder that the lister has open, and to no other. */
  readonly place: string;
  close(): void;
}

/** Reads what a walk has found; one per thread. */
export interface SourceReader {
  /** The file that `readWhole` or `openRanged` opened last. Reused. */
  readonly stat: FileStat;
  /** The folder that was entered last, for messages. */
  readonly folderPath: string;
  /** Whether `readWhole` reads from the disk and not from the cache, where the system can do that. Default false. */
  uncached: boolean;
  /** Whether `readWhole` reads the first `limit` bytes of a larger file instead of refusing it. Default false. */
  prefix: boolean;
  /** Whether the file that `readWhole` read last changed meanwhile: one of `FileChange`. */
  readonly change: number;
  /**
   * Makes the folder bytes[start, end), relative to the root, the current one. A NUL stands at bytes[end].
   *
   * @throws {FileError} act "read".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /**
   * Reads the whole file names[nameStart, nameEnd) of the current folder to buffer[at...]; a NUL stands at
   * names[nameEnd], and an empty name is the root itself. Opens nothing but regular files.
   *
   * @returns the number of bytes read, at most `limit`.
   * @throws {FileError} act "read"; code "EGREW" when it does not fit and `prefix` is false, "ESPECIAL" when it is not a
   * regular file.
   */
  readWhole(
    names: Uint8Array<ArrayBuffer>,
    nameStart: number,
    nameEnd: number,
    buffer: Uint8Array<ArrayBuffer>,
    at: number,
    limit: number,
  ): number;
  /**
   * Opens a large file. With `expected` another file in its place is refused.
   *
   * @throws {FileError} act "read".
   */
  openRanged(root: number, path: string, expected?: FileIdentity): RangeReader;
  close(): void;
}

/** A large source file. */
export interface RangeReader {
  /** Its path, for messages. */
  readonly path: string;
  /** Bytes when it was opened. */
  readonly size: number;
  /** How another process of this machine comes to it, while it is open; undefined where none can. */
  readonly lent?: LentFile;
  /** Reads to buffer[at...]; fewer than `length` only at the end of the file. @throws {FileError} */
  readAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): number;
  /**
   * As `readAt`, in another thread: neither reader nor buffer may be touched until it resolves.
   *
   * @returns fewer than `length`, perhaps below 0, where `readAt` is to find out why.
   */
  readAside?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
  /** How many bytes from `offset` on, at most `length`, are a hole; 0 also when that is too small to matter or not known. */
  holeAt(offset: number, length: number): number;
  /** How many bytes from `offset` on, at most `length`, come before a hole that `holeAt` would tell. */
  dataAt(offset: number, length: number): number;
  /** From now on it is read from the disk and not from the cache, where the system can do that. */
  forgetCache(): void;
  /** Whether it changed since it was opened, or since it had these times: one of `FileChange`. */
  changeSince(found?: ChangeTimes): number;
  close(): void;
}

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
  looks?: boolean;
  /**
   * Whether what a file or link replaces is kept until it is forgotten, or has its name back (TargetComparer). Where the
   * file system has no hard links nothing is. Default false.
   */
  keepsFormer?: boolean;
  /** Whether the sender lends its files: what an earlier copy has left of one can be compared with it. Default false. */
  lent?: boolean;
}

/** A large file on its way. Plain data: may be posted to a Worker. */
export interface Partial {
  root: number;
  /** Relative to the root; "" when the root is the file. */
  path: string;
  /** Name of the temporary file in the folder of the final one; "" for a device, which is written in place. */
  temporary: string;
  /** Identifies the temporary file: another file under its name is neither read, written to nor published. */
  identity: FileIdentity;
  size: number;
  /** Path of the journal in the state directory: written blocks are noted there, for a copy that continues this one. */
  journal?: string;
  /** With `lent`: an earlier copy of the same source may have written more of it than is known. */
  continued?: boolean;
}

/** A file or link that was replaced, and has a backup: `path` is its own path, relative to the root. */
export interface KeptBackup extends FolderPlace {
  identity: FileIdentity;
}

/** The record of a large file, and what must be equal for a later copy to continue; no source: it starts over. */
export interface Resumable extends RecordedTarget {
  source?: ResumableSource;
}

/** A large file that begins, perhaps not for the first time. */
export interface BegunPartial {
  partial: Partial;
  /** What of it is there already, in order and without overlaps. */
  kept: SummedRange[];
}

/** A folder of a target: `path` is relative to the root, whose own folder is "". */
export interface FolderPlace {
  root: number;
  path: string;
}

/** A folder that a writer made or had to open up for itself, whose mode must be set at the end. */
export interface TouchedFolder extends FolderPlace {
  created: boolean;
  /** Of a folder that was there: the permissions to give back. */
  mode?: number;
}

/** A folder at the end of the copy: what is known of it from both sides. */
export interface FinishedFolder extends TouchedFolder {
  /** An interrupted copy may have made it, and left it without its permissions: then it has the mode 01700, or 0700 where that cannot be. */
  continued?: boolean;
  /** From the source, where its record has arrived. */
  attributes?: Attributes;
  /** Extended attributes from the source, as a block (xattrs.ts). */
  xattrs?: Uint8Array;
}

/** Writes below the target roots and nowhere else; one per thread. */
export interface TargetWriter {
  /**
   * Makes the folder bytes[start, end), relative to the root, the current one, and makes it first where it is missing
   * (mode 01700 until `finishFolders`). A NUL stands at bytes[end].
   *
   * @throws {FileError} act "create"; a symbolic link is never followed.
   * @throws {ProtocolError} when the root is a file and the path is not "".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /** Folders that this writer has touched since the last call. */
  takeCreated(): TouchedFolder[];
  /** With `keepsFormer`: returns the backups that this writer has made since the last call. */
  takeKept(): KeptBackup[];
  /**
   * Writes the file of a record, with its contents, to the current folder.
   *
   * @throws {FileError} act "write"; nothing is left behind, and what was there stays. Only when the reason is that
   * extended attributes could not be set, the file is in place.
   * @returns how it looks now, until the next call; undefined if that was not asked for.
   */
  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileLook | undefined;
  /** Makes the link of a symlink or hardlink record in the current folder. @throws {FileError} act "create". */
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
  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileLook | undefined;
  /** Removes the temporary file, and its journal; never fails. */
  discard(partial: Partial): void;
  /** Lets go of it for a later copy that goes on with it; one without a journal, or with an empty one, is removed. */
  keep(partial: Partial): void;
  /** Sets what folders shall have at the end, deepest first. */
  finishFolders(folders: FinishedFolder[]): FileError[];
  /** Resolves when the names in these folders are on stable storage, and those of root folders that were made. */
  syncFolders(folders: Iterable<FolderPlace>): Promise<FileError[]>;
  /** Removes temporary files of this copy from these directories, when nothing writes to them. Never fails. */
  sweep(folders: Iterable<FolderPlace>): void;
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
  writeAside?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
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
  readBackAside?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
  /** How many bytes from `offset` on, at most `length`, nobody has written; 0 also when that is not known. */
  holeAt?(offset: number, length: number): number;
  /** As `copyFrom`, by sharing the blocks of the other file. @returns false where the file system cannot: nothing is done. */
  shareFrom?(reader: RangeReader, offset: number, length: number): Promise<boolean>;
  close(): void;
}

/** The few things that are asked by absolute path before a copy starts. */
export interface PathCalls {
  /** What is there, undefined when there is nothing. @throws {FileError} for any other reason. */
  stat(path: string, options: { follow: boolean }): FileStat | undefined;
  /**
   * Creates a directory that is unfinished until `finishFolders` of a writer.
   *
   * @param place identity of the directory above it, and `within` as in a root.
   * @returns identity of the new directory.
   * @throws {FileError}
   */
  makeFolder(path: string, place: { parent?: FileIdentity; within?: string }): FileIdentity;
  /**
   * Keeps a directory open. Returns undefined if it cannot be opened.
   *
   * @throws {FileError} if the path refers to another directory.
   */
  holdFolder(path: string, identity: FileIdentity): { close(): void } | undefined;
  /** The path without symbolic links. @throws {FileError} */
  realPath(path: string): string;
  /** Lists a directory without "." and "..". The caller must read to the end. @throws if it cannot be listed. */
  list(path: string): Iterable<GlobEntry>;
}

/** How sources are read. */
export interface ReadOptions {
  /** Whether the receiver preserves permissions. Default: false. */
  preserve?: boolean;
  /** Whether symbolic links below the roots are followed. Default: true. */
  follow?: boolean;
}

/** One way to do files. */
export interface FileEngine {
  readonly name: "native" | "portable";
  /** Contents are made up, and what is written is thrown away (dummy_engine.ts). */
  readonly dummy?: boolean;
  readonly paths: PathCalls;
  /** Bytes that this user can still write below a folder; undefined where that cannot be told. */
  freeSpace(folder: string): Promise<number | undefined>;
  /** Makes ready for extended attributes and access control lists. @throws {UserError} where this engine has none. */
  loadXattrs(): Promise<void>;
  walk(roots: SourceRoot[], options: WalkOptions): Walk;
  /** Opens a root whose `within` is its own real path: all that the portable engine can look at. */
  openTree(root: SourceRoot): FolderTree;
  sourceReader(roots: SourceRoot[], options?: ReadOptions): SourceReader;
  targetWriter(roots: TargetRoot[], options: TargetOptions): TargetWriter;
  /** Opens what another process has open; only the native engine can. @throws {FileError} also when it is another file. */
  openLent?(process: number, file: LentFile): RangeReader;
  /** Loads what only updates and dry runs need. */
  targetComparer(roots: TargetRoot[], options: TargetOptions): Promise<TargetComparer>;
}

/**
 * The engine for this machine. "auto" takes the native one where it proves itself; the note says why it did not, or
 * what it has to do without.
 *
 * @throws {UserError} when "native" is demanded and cannot be had.
 */
export function loadFileEngine(choice: "auto" | "native" | "portable"): { engine: FileEngine; note?: string } {
  if (choice === "portable") return { engine: createPortableEngine() };
  try {
    return native ??= createNativeEngine();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (choice === "auto") return { engine: createPortableEngine(), note: `files: portable engine (${reason})` };
    throw new UserError("Cannot use the native engine for files: " + reason, {
      cause: error,
      hint: "Use --engine auto or --engine portable",
    });
  }
}

/** Of this thread: it has proven itself, and every stream of the thread uses it. */
let native: { engine: FileEngine; note?: string } | undefined;
