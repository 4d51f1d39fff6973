/**
 * Cleaning, on the machine of the directories: what abandoned copies have left goes, as far as the records of this machine
 * name it, and as far as a walk below the directories that were named finds it.
 */

import type { FileError } from "../../errors.ts";
import { isWithin, leadsOut } from "../../files/target/confinement.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { failedWith } from "../../files/stat/file_failure.ts";
import type { RemovedEntry } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import { cleanRecords } from "../../resume/clean/clean_records.ts";
import { cleanTree } from "../../resume/clean/clean_tree.ts";
import type { StateDirectory } from "../../resume/state_directory.ts";
import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { toFailure } from "../../streams/failure.ts";
import { type FindOptions, findSources, type ResolvedSources } from "../send/resolved_sources.ts";
import type { RequestedSource } from "../requested_sources.ts";

/**
 * What has no lock, such as a small file on its way, is taken for one that a copy uses for so long after it was changed,
 * however young the leftovers may be that shall go.
 */
export const UNLOCKED_MS = 60_000;

/** What is to go. */
export interface CleanRequest {
  /** What was changed later than so long ago stays. */
  olderThanMs: number;
  /** Nothing is removed. */
  dryRun: boolean;
}

/** Who hears of it. */
export interface CleanListeners {
  /** Of each file that was removed, or would be; more come when that is over. */
  removed: (entry: RemovedEntry) => void;
  failed: (failure: Failure) => void;
  /** Called often; nothing goes on before it resolves. @throws to end it. */
  turn?: () => void | Promise<void>;
}

/** How it came out. */
export interface CleanOutcome {
  /** That were removed, or would be. */
  files: number;
  /** What they took on the disk. */
  bytes: number;
  failed: number;
  /** That are of a copy, and perhaps of one that runs. */
  kept: number;
}

/** What operands of a clean run stand for. */
export interface FoundDirectories extends ResolvedSources {
  /** All records of this machine are cleaned, and not only those of targets in the directories that were found. */
  allRecords: boolean;
}

/**
 * Resolves the operands of a clean run to directories.
 *
 * @param find base directory and confinement of the operands; with `byRecords` an empty path stands for all records of
 * this machine, and not for the home directory.
 * @throws what ended it.
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

/** Where it is cleaned. */
export interface CleanPlace {
  found: FoundDirectories;
  /** Directory, without symbolic links, that the host confines sessions to. */
  confinedTo?: string;
  files: FileEngine;
  state: StateDirectory;
}

/** Removes leftovers that records name, and those in the directories that were found. @throws what ended it. */
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

/** A root that nothing below it leads out of, whatever happens to it meanwhile. @throws {FileError} */
function realRoot(root: SourceRoot, files: FileEngine): SourceRoot {
  if (root.kind !== "folder") throw failedWith("clean", root.path, "ENOTDIR");
  const within = files.paths.realPath(root.path);
  if (root.within !== undefined && !isWithin(within, root.within)) throw leadsOut("clean", root.path, root.within);
  return { ...root, within };
}
