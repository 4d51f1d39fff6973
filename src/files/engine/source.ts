/** Interfaces for finding and reading source files. */

import type { FileError } from "../../errors.ts";
import type { SharedFile } from "../../protocol/data/shared_file.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { Attributes, ChangeTimes, FileStat } from "../stat/file_stat.ts";

/** One source operand, found. Plain data: may be posted to a Worker. */
export interface SourceRoot {
  /** Absolute path on this machine; "" of a file that is made up (made_up.ts). */
  path: string;
  /** What the receiver is told: the last component, or "." for "dir/.", "..", and "/". */
  name: string;
  /** "input": standard input. */
  kind: "file" | "folder" | "input";
  identity: FileIdentity;
  /** Bytes of a file, 0 of a directory; as found. */
  size: number;
  /** Directory, without symbolic links, that nothing may lie outside of, whatever links lead there. */
  within?: string;
}

export interface WalkOptions {
  /** Whether directories are entered; a directory without it is a failed item. */
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
  /** Says whether a path relative to its root is wanted; a refused directory is not entered. Not asked for roots. */
  accept?: (path: string, isDirectory: boolean) => boolean;
  /** Asked before a symbolic link is followed, with its absolute path. @throws {FileError} to leave it out. */
  checkLink?: (path: string) => void;
}

/** What a walk finds. */
export type WalkItem =
  | {
    type: "pack";
    /** Records without contents that stand for themselves: the first is `enter` or `directory`. Owns its ArrayBuffer. */
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

/** How sources are read. */
export interface ReadOptions {
  /** Whether the receiver preserves permissions. Default: false. */
  preserve?: boolean;
  /** Whether symbolic links below the roots are followed. Default: true. */
  follow?: boolean;
}

/** Reads what a walk has found; one per thread. */
export interface SourceReader {
  /** The file that `readWhole` or `openRanged` opened last. Reused. */
  readonly stat: FileStat;
  /** The directory that was entered last, for messages. */
  readonly directoryPath: string;
  /** Whether `readWhole` reads from the disk and not from the cache, where the system can do that. Default false. */
  uncached: boolean;
  /** Whether `readWhole` reads the first `limit` bytes of a larger file instead of refusing it. Default false. */
  prefix: boolean;
  /** Whether the file that `readWhole` read last changed meanwhile: one of `FileChange`. */
  readonly change: number;
  /**
   * Makes the directory bytes[start, end), relative to the root, the current one. A NUL stands at bytes[end].
   *
   * @throws {FileError} act "read".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /**
   * Reads the whole file names[nameStart, nameEnd) of the current directory to buffer[at...]; a NUL stands at
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
  readonly lent?: SharedFile;
  /** Reads to buffer[at...]; fewer than `length` only at the end of the file. @throws {FileError} */
  readAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): number;
  /**
   * As `readAt`, in another thread: neither reader nor buffer may be touched until it resolves.
   *
   * @returns fewer than `length`, perhaps below 0, where `readAt` is to find out why.
   */
  readAsync?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
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
