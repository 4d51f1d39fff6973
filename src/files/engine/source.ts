/** Interfaces for finding and reading source files. */

import type { FileError } from "../../errors.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import type { SharedFile } from "../../protocol/data/shared_file.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { ListedPaths } from "../walk/listed_paths.ts";
import type { FileTest } from "../walk/selection.ts";
import type { ShardEntries } from "../walk/shard.ts";
import type { TreeDigest } from "../walk/tree_digest.ts";
import type { Attributes, ChangeTimes, FileStat } from "../stat/file_stat.ts";

/** One source operand that exists. Plain data: may be posted to a Worker. */
export interface SourceRoot {
  /** Absolute path on this machine; "" for a synthetic file (null/synthetic.ts). */
  path: string;
  /** Name for the receiver: the last component, or "." for "dir/.", "..", and "/". */
  name: string;
  /** "input": standard input. */
  kind: "file" | "folder" | "input";
  identity: FileIdentity;
  /** Bytes of a file when it was found; 0 for a directory. */
  size: number;
  /** Directory, without symbolic links, that must contain every file that is read, also through links. */
  within?: string;
}

/** Entries below the roots that one walk omits, by files in the directories that it enters. */
export interface IgnoredEntries {
  /** Enters a directory. Yields promises to wait for. @throws {FileError} to omit it. */
  enter(root: number, path: string): Generator<Promise<void>, void>;
  /** Returns whether an entry of the current directory is omitted. */
  ignores(path: string, isDirectory: boolean): boolean;
  /** Yields to the event loop if the last yield was long ago. */
  yieldIfDue(): void | Promise<void>;
  close(): void;
}

export interface WalkOptions {
  /** Whether directories are entered; otherwise a directory is a failed item. */
  recursive: boolean;
  /** Treatment of symbolic links below the roots. A root itself is always followed. Default: "follow". */
  symlinks?: "follow" | "preserve" | "skip";
  /** Whether further names of one file become hardlink records, after all other records. Default: false. */
  hardlinks?: boolean;
  /** With `hardlinks`: whether the names may be below several roots. Default: false. */
  linkRoots?: boolean;
  /** Whether records contain extended attributes. Needs `loadXattrs`. Default: false. */
  xattrs?: boolean;
  /** Whether records contain access control lists. Needs `loadXattrs`. Default: false. */
  acls?: boolean;
  preserve?: ReadOptions["preserve"];
  /** Returns whether a path relative to its root is copied; an excluded directory is not entered. Not called for roots. */
  accept?: (path: string, isDirectory: boolean) => boolean;
  /**
   * Whether the walk yields the names of the entries of each directory, including entries that are skipped or fail. "accepted":
   * without those that `accept` excludes. Default: no names.
   */
  names?: "all" | "accepted";
  /** Paths that are copied, by root; undefined for a root that is copied as a whole. Default: all roots are. */
  listed?: readonly (ListedPaths | undefined)[];
  /** Returns the `.gitignore` files of a new walk. Ignored entries below the roots are not copied. Default: none. */
  ignoreFiles?: () => IgnoredEntries;
  /** Returns whether a regular file is copied, even if it is a root. Default: every file is. */
  select?: FileTest;
  /** Returns the mode that records have instead of that of a regular file or directory. Default: the same. */
  changeMode?: (mode: number, isDirectory: boolean) => number;
  /** Entries that are copied, of those that all other options select. Default: all. */
  shard?: ShardEntries;
  /** Receives all directories that are entered, and all names in them that no filter excludes, owned or not. */
  tree?: TreeDigest;
  /** Called before a symbolic link is followed, with its absolute path. @throws {FileError} To exclude it. */
  checkLink?: (path: string) => void;
}

/** A result of a walk. */
export type WalkItem =
  | {
    type: "pack";
    /** Records without contents, independent of other packs: the first is `enter` or `directory`. Owns its ArrayBuffer. */
    plan: Uint8Array<ArrayBuffer>;
    /** Number of records other than `enter`. */
    records: number;
    /** Number of `file` records. */
    files: number;
    /** Bytes of contents of these files. */
    bytes: number;
    /** Whether it contains hardlink records, which are applied after all packs before it. */
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
    /** Of a file that shards have split: the range that is sent. Default: the whole file. */
    range?: ByteRange;
    /** Whether shards have sent all ranges of the file. Default: false. */
    joined?: boolean;
    /** Extended attributes, as a block (xattrs.ts). */
    xattrs?: Uint8Array<ArrayBuffer>;
  }
  /** A root that is standard input. */
  | { type: "input"; root: number }
  /** With `names`: entries of a directory that was listed. All items of a directory together contain all of its names. */
  | { type: "names"; root: number; path: string; names: string[] }
  | { type: "failed"; error: FileError }
  | { type: "note"; path: string; message: string };

/** A lazy walk over the roots, depth first. */
export interface Walk {
  /** Returns the next item, undefined at the end. Never throws for a single path. */
  next(): WalkItem | undefined | Promise<WalkItem | undefined>;
  /** Closes the open directory. */
  close(): void;
}

/** Options for reading sources. */
export interface ReadOptions {
  /** Whether the receiver preserves permissions. Default: false. */
  preserve?: boolean;
  /** Whether symbolic links below the roots are followed. Default: true. */
  follow?: boolean;
}

/** Reads files that a walk has found; one per thread. */
export interface SourceReader {
  /** Status of the file that `readWhole` or `openLarge` opened last. Reused. */
  readonly stat: FileStat;
  /** Path of the current directory, for messages. */
  readonly directoryPath: string;
  /** Whether `readWhole` bypasses the page cache if the system supports it. Default: false. */
  uncached: boolean;
  /** Whether `readWhole` reads the first `limit` bytes of a larger file instead of refusing it. Default: false. */
  prefix: boolean;
  /** Whether the last file changed during `readWhole`: one of `FileChange`. */
  readonly change: number;
  /**
   * Enters the directory bytes[start, end), relative to the root. A NUL must follow at bytes[end].
   *
   * @throws {FileError} Operation "read".
   */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /**
   * Reads the whole file names[nameStart, nameEnd) of the current directory to buffer[at...]. A NUL must follow at
   * names[nameEnd]; an empty name is the root itself. Opens only regular files.
   *
   * @returns Number of bytes read, at most `limit`.
   * @throws {FileError} Operation "read". Code "EGREW" if the file does not fit and `prefix` is false, "ESPECIAL" if it is
   * not a regular file.
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
   * Opens a large file.
   *
   * @param expected Identity that the file must have. Default: any.
   * @throws {FileError} Operation "read".
   */
  openLarge(root: number, path: string, expected?: FileIdentity): RangeReader;
  close(): void;
}

/** A large source file. */
export interface RangeReader {
  /** Path, for messages. */
  readonly path: string;
  /** Size when the file was opened. */
  readonly size: number;
  /** Reference by which another process of this machine can open the file while it is open; undefined if unsupported. */
  readonly shared?: SharedFile;
  /** Reads to buffer[at...]; fewer than `length` only at the end of the file. @throws {FileError} */
  readAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): number;
  /**
   * As `readAt`, in another thread. Neither reader nor buffer may be used until the promise resolves.
   *
   * @returns Number of bytes read. If it is less than `length`, or negative, call `readAt` to get the rest or the failure.
   */
  readAsync?(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number>;
  /** Returns the bytes of the hole at `offset`, at most `length`; 0 if there is none, or it is too small to matter or unknown. */
  holeAt(offset: number, length: number): number;
  /** Returns the bytes from `offset`, at most `length`, before the next hole that `holeAt` reports. */
  dataAt(offset: number, length: number): number;
  /** Drops the file from the page cache if the system supports it, so that it is read from the disk. */
  forgetCache(): void;
  /** Returns whether the file changed since it was opened, or since it had these times: one of `FileChange`. */
  changeSince(found?: ChangeTimes): number;
  close(): void;
}
