/** Removes leftovers of abandoned copies on this machine. Records and a walk of the given directories find them. */

import type { FileError } from "../../errors.ts";
import { isWithin, pointsOutside } from "../../files/target/confinement.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { failedWith } from "../../files/stat/file_failure.ts";
import type { RemovedEntry } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import { cleanRecords } from "../../resume/clean/records.ts";
import { cleanTree } from "../../resume/clean/tree.ts";
import type { StateDirectory } from "../../resume/state_directory.ts";
import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { toFailure } from "../../streams/failure.ts";
import { type FindOptions, findSources, type ResolvedSources } from "../send/sources/resolved.ts";
import type { RequestedSource } from "../requested_sources.ts";

/**
 * Minimum age of leftovers without a lock, such as temporary files of small files. It also applies to requests for younger
 * leftovers, because a running copy may use them. In milliseconds.
 */
export const UNLOCKED_MS = 60_000;

/** Leftovers to remove. */
export interface CleanRequest {
  /** Minimum time since the last change. In milliseconds. */
  olderThanMs: number;
  /** Whether to list leftovers instead of removing them. */
  dryRun: boolean;
}

/** Callbacks of a clean run. */
export interface CleanListeners {
  /** Called for each file that was removed, or would be in a dry run. */
  removed: (entry: RemovedEntry) => void;
  failed: (failure: Failure) => void;
  /** Called often, and awaited. May throw to end the run. */
  turn?: () => void | Promise<void>;
}

/** Totals of a clean run. */
export interface CleanOutcome {
  /** Number of files that were removed, or would be in a dry run. */
  files: number;
  /** Disk space of these files. */
  bytes: number;
  failed: number;
  /** Number of leftovers that were kept, because a running copy may use them. */
  kept: number;
}

/** Directories that the operands of a clean run name. */
export interface FoundDirectories extends ResolvedSources {
  /** Whether all records of this machine are cleaned, not only those of targets in the found directories. */
  allRecords: boolean;
}

/**
 * Resolves the operands of a clean run to directories.
 *
 * @param find base directory and confinement of the operands; With `byRecords`, an empty path means all records
 * of this machine, not the home directory.
 * @throws {unknown} The error of `turn` that ended the search.
 */
export async function findDirectories(
  directories: readonly RequestedSource[],
  { byRecords, ...find }: Omit<FindOptions, "recursive" | "privateNames"> & { byRecords: boolean },
  files: FileEngine,
  { failed, turn }: Pick<CleanListeners, "failed" | "turn">,
): Promise<FoundDirectories> {
  const named = directories.filter(({ path }) => !byRecords || path !== "");
  const options = { ...find, recursive: true, privateNames: true, turn };
  const found = await findSources(named, options, files.paths, (failure) => {
    failed(failure);
    return turn?.();
  });
  return { ...found, allRecords: named.length < directories.length };
}

/** Directories to clean, and the machine that they are on. */
export interface CleanPlace {
  found: FoundDirectories;
  /** Directory, without symbolic links, that the host confines sessions to. */
  confinedTo?: string;
  files: FileEngine;
  state: StateDirectory;
}

/**
 * Removes leftovers that records name, and leftovers in the found directories.
 *
 * @throws {unknown} The error that ended the run.
 */
export async function clean(
  { olderThanMs, dryRun }: CleanRequest,
  { found, confinedTo, files, state }: CleanPlace,
  listeners: CleanListeners,
): Promise<CleanOutcome> {
  const outcome: CleanOutcome = { files: 0, bytes: 0, failed: found.notFound, kept: 0 };
  const fail = (failure: Failure) => {
    outcome.failed++;
    listeners.failed(failure);
  };
  const now = Date.now();
  const yielder = new EventLoopYielder();
  const options = {
    before: olderThanMs === 0 ? Infinity : now - olderThanMs,
    beforeUnlocked: now - Math.max(olderThanMs, UNLOCKED_MS),
    dryRun,
    onRemoved(entry: RemovedEntry) {
      outcome.files++;
      outcome.bytes += entry.bytes;
      listeners.removed(entry);
    },
    onFailed: (error: FileError) => fail(toFailure(error)),
    yieldIfDue: () => listeners.turn?.() ?? yielder.yieldIfDue(),
  };
  try {
    const roots: SourceRoot[] = [];
    for (const source of found.roots) {
      try {
        roots.push(realRoot(source, files));
      } catch (error) {
        fail(toFailure(error));
      }
    }
    const within = found.allRecords ? undefined : roots.map((root) => root.within!);
    const { kept, recorded } = await cleanRecords(state, { within, confinedTo }, files, options);
    outcome.kept += kept;
    for (const root of roots) {
      try {
        const tree = files.openTree(root);
        try {
          outcome.kept += await cleanTree(root, tree, { ...options, recorded });
        } finally {
          tree.close();
        }
      } catch (error) {
        fail(toFailure(error));
      }
    }
    return outcome;
  } finally {
    yielder.close();
  }
}

/** Returns the root without symbolic links in its path, so that later changes cannot redirect it. @throws {FileError} */
function realRoot(root: SourceRoot, files: FileEngine): SourceRoot {
  if (root.kind !== "folder") throw failedWith("clean", root.path, "ENOTDIR");
  const within = files.paths.realPath(root.path);
  if (root.within !== undefined && !isWithin(within, root.within)) throw pointsOutside("clean", root.path, root.within);
  return { ...root, within };
}
