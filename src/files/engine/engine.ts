/** Interfaces of a file engine. Streams use only these. */

import type { SharedFile } from "../../protocol/data/shared_file.ts";
import type { GlobEntry } from "../glob/expand.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { FileStat } from "../stat/file_stat.ts";
import type { DirectoryLister } from "./directory_lister.ts";
import type { LinkDestinations } from "./link_destinations.ts";
import type { RangeReader, ReadOptions, SourceReader, SourceRoot, Walk, WalkOptions } from "./source.ts";
import type { Target } from "./target.ts";
import type { TargetOptions } from "./target_options.ts";
import type { TargetRoot } from "./target_root.ts";
import type { TargetComparer } from "./target_comparer.ts";

/** Conditions for creating a directory. */
export interface DirectoryToMake {
  /** Identity that the directory above must have. Default: any. */
  parent?: FileIdentity;
  /** As in `SourceRoot`. */
  within?: string;
  /** Whether the directory gets the mode of mkdir(1). Default: mode 01700 until `DirectoryWriter.finish`. */
  finished?: boolean;
}

/** Operations by absolute path, before a copy starts. */
export interface PathCalls {
  /** Returns the status of a path; undefined if it does not exist. @throws {FileError} For any other failure. */
  stat(path: string, options: { follow: boolean }): FileStat | undefined;
  /** Creates a directory. Returns its identity. @throws {FileError} */
  makeDirectory(path: string, place: DirectoryToMake): FileIdentity;
  /**
   * Keeps a directory open, to reserve its inode.
   *
   * @returns undefined if the portable engine cannot open the directory.
   * @throws {FileError} If the path refers to another directory, or the native engine cannot open the directory.
   */
  holdDirectory(path: string, identity: FileIdentity): { close(): void } | undefined;
  /** Returns the target of a symbolic link. @throws {FileError} */
  readLink(path: string): string;
  /** Returns the path without symbolic links. @throws {FileError} */
  realPath(path: string): string;
  /** Lists a directory without "." and "..". The caller must read to the end. @throws {Error} If it cannot be listed. */
  list(path: string): Iterable<GlobEntry>;
}

/** A root and the directories below it, for changes in them. No link below the root is followed. */
export interface DirectoryTree {
  readonly lister: DirectoryLister;
  /** Path by which `Deno.*` reaches the open directory of the lister, and no other. */
  readonly place: string;
  /** Returns the status of an entry of the open directory; undefined if it does not exist. @throws {FileError} With its name. */
  statEntry(name: string, options: { follow: boolean }): FileStat | undefined;
  /**
   * Removes an entry of the open directory that is not a directory, if it exists.
   *
   * @param shown its path for messages.
   * @throws {FileError}
   */
  unlink(name: string, shown: string): void;
  close(): void;
}

/** Implementation of all file operations. */
export interface FileEngine {
  readonly name: "native" | "portable";
  /** Whether contents are synthetic and written files are discarded (null/engine.ts). */
  readonly dummy?: boolean;
  readonly paths: PathCalls;
  /** Returns the bytes that this user can still write below a directory; undefined if unknown. */
  freeSpace(directory: string): Promise<number | undefined>;
  /** Prepares extended attributes and access control lists. @throws {UserError} If this engine does not support them. */
  loadXattrs(): Promise<void>;
  walk(roots: SourceRoot[], options: WalkOptions): Walk;
  /** Opens a root. Its `within` must be its own real path, because the portable engine checks nothing else. */
  openTree(root: SourceRoot): DirectoryTree;
  sourceReader(roots: SourceRoot[], options?: ReadOptions): SourceReader;
  openTarget(roots: TargetRoot[], options: TargetOptions): Target;
  /** Opens a file that another process has open; native engine only. @throws {FileError} Also if it is another file. */
  openShared?(process: number, file: SharedFile): RangeReader;
  /** Loads and returns the comparer, which only updates, verification and dry runs need. */
  targetComparer(roots: TargetRoot[], options: TargetOptions): Promise<TargetComparer>;
  /** Loads and returns the link destinations of the roots. */
  linkDestinations(roots: TargetRoot[], options: TargetOptions): Promise<LinkDestinations>;
}
