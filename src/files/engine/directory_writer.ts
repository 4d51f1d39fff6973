/** Interfaces for completing the directories of a target. */

import type { FileError } from "../../errors.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { Attributes } from "../stat/file_stat.ts";
import type { PendingDirectory, RemovedPlace, TargetPlace } from "./target_place.ts";

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
