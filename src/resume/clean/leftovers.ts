/** Leftovers of abandoned copies in target directories: their names, ages and sizes. */

import type { FileError } from "../../errors.ts";
import { isPartialName, isTemporaryName } from "../../files/path/private_names.ts";
import { isOldRunLogName, journalOfOldPartial, oldPairOf } from "./old_leftovers.ts";

/** A leftover file. */
export interface Leftover {
  path: string;
  /** Disk usage, at most its size. */
  bytes: number;
}

/** Selects the leftovers to remove, with callbacks. */
export interface LeftoverOptions {
  /** Files changed at this time or later are kept. In milliseconds since 1970; Infinity: no file is too recent. */
  before: number;
  /** The same cutoff for files without a lock. */
  beforeUnlocked: number;
  /** Whether to report files without removing them. */
  dryRun: boolean;
  /** Names of partial files that belong to records (records.ts) and are skipped. */
  recorded: ReadonlySet<string>;
  /** Called for each file that was removed, or would be. */
  onRemoved: (leftover: Leftover) => void;
  onFailed: (error: FileError) => void;
  /** Called often, and awaited. Yields to the event loop, and may throw to end the run. */
  yieldIfDue: () => void | Promise<void>;
}

/** Leftovers that were not removed. */
export interface KeptLeftovers {
  count: number;
  /** Time of their last change, in milliseconds since 1970; Infinity if a copy uses one of them, or it is unknown. */
  newest: number;
}

/** Returns whether a name may belong to a leftover, except to the mark of an unfinished directory. */
export function isLeftoverName(name: string): boolean {
  return isTemporaryName(name) || isPartialName(name) || isOldRunLogName(name) || oldPairOf(name) !== undefined ||
    journalOfOldPartial(name) !== undefined;
}

/**
 * Returns the time of the last change, in milliseconds since 1970. This is the ctime, because a copy sets the mtime of the
 * source shortly before a file gets its final name.
 */
export function changeTime({ ctime, mtime }: Deno.FileInfo): number {
  return (ctime ?? mtime)?.getTime() ?? Infinity;
}

/** Returns the disk usage. A partial file has its final size from the start, but uses only the space of written bytes. */
export function bytesOnDisk({ size, blocks, isSymlink }: Deno.FileInfo): number {
  if (isSymlink) return 0;
  return blocks === null ? size : Math.min(size, blocks * 512);
}
