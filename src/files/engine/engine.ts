/** What an engine for files provides. Streams use only these interfaces. */

import type { SharedFile } from "../../protocol/data/shared_file.ts";
import type { GlobEntry } from "../glob/expand.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { FileStat } from "../stat/file_stat.ts";
import type { DirectoryLister } from "./directory_lister.ts";
import type { RangeReader, ReadOptions, SourceReader, SourceRoot, Walk, WalkOptions } from "./source.ts";
import type { Target, TargetOptions } from "./target.ts";
import type { TargetRoot } from "./target_root.ts";
import type { TargetComparer } from "./target_comparer.ts";

/** The few things that are asked by absolute path before a copy starts. */
export interface PathCalls {
  /** What is there, undefined when there is nothing. @throws {FileError} for any other reason. */
  stat(path: string, options: { follow: boolean }): FileStat | undefined;
  /**
   * Creates a directory that is unfinished until `finishDirectories` of a writer.
   *
   * @param place identity of the directory above it, and `within` as in a root.
   * @returns identity of the new directory.
   * @throws {FileError}
   */
  makeDirectory(path: string, place: { parent?: FileIdentity; within?: string }): FileIdentity;
  /**
   * Keeps a directory open. Returns undefined if it cannot be opened.
   *
   * @throws {FileError} if the path refers to another directory.
   */
  holdDirectory(path: string, identity: FileIdentity): { close(): void } | undefined;
  /** The path without symbolic links. @throws {FileError} */
  realPath(path: string): string;
  /** Lists a directory without "." and "..". The caller must read to the end. @throws if it cannot be listed. */
  list(path: string): Iterable<GlobEntry>;
}

/** A root and the directories below it, for who changes something there: no link below the root is followed. */
export interface DirectoryTree {
  readonly lister: DirectoryLister;
  /** A path by which `Deno.*` comes to the directory that the lister has open, and to no other. */
  readonly place: string;
  close(): void;
}

/** One way to do files. */
export interface FileEngine {
  readonly name: "native" | "portable";
  /** Contents are made up, and what is written is thrown away (dummy_engine.ts). */
  readonly dummy?: boolean;
  readonly paths: PathCalls;
  /** Bytes that this user can still write below a directory; undefined where that cannot be told. */
  freeSpace(directory: string): Promise<number | undefined>;
  /** Makes ready for extended attributes and access control lists. @throws {UserError} where this engine has none. */
  loadXattrs(): Promise<void>;
  walk(roots: SourceRoot[], options: WalkOptions): Walk;
  /** Opens a root whose `within` is its own real path: all that the portable engine can look at. */
  openTree(root: SourceRoot): DirectoryTree;
  sourceReader(roots: SourceRoot[], options?: ReadOptions): SourceReader;
  openTarget(roots: TargetRoot[], options: TargetOptions): Target;
  /** Opens what another process has open; only the native engine can. @throws {FileError} also when it is another file. */
  openShared?(process: number, file: SharedFile): RangeReader;
  /** Loads what only updates and dry runs need. */
  targetComparer(roots: TargetRoot[], options: TargetOptions): Promise<TargetComparer>;
}
