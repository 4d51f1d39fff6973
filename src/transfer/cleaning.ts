/** Cleaning, on the machine of the folders: what is named is looked up, and what abandoned copies have left there goes. */

import type { FileError } from "../errors.ts";
import { isWithin, leadsOut } from "../files/confinement.ts";
import type { FileEngine, SourceRoot } from "../files/engine.ts";
import { failedWith } from "../files/file_failure.ts";
import type { RemovedEntry } from "../protocol/messages.ts";
import type { Failure } from "../protocol/results.ts";
import { cleanTree } from "../resume/clean_tree.ts";
import { Breather } from "../streams/breather.ts";
import { toFailure } from "../streams/failure.ts";
import { type FindOptions, findSources } from "./found_sources.ts";
import type { WantedSource } from "./wanted.ts";

/**
 * What has no lock, such as a small file on its way, is taken for one that a copy uses for so long after it was changed,
 * however young the leftovers may be that shall go.
 */
export const UNLOCKED_MS = 60_000;

/** What is to go. */
export interface CleanRequest {
  folders: readonly WantedSource[];
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

/** Cleans. @param find where names begin, and what may be reached. @throws what ended it. */
export async function clean(
  { folders, olderThanMs, dryRun }: CleanRequest,
  find: Omit<FindOptions, "recursive">,
  files: FileEngine,
  listeners: CleanListeners,
): Promise<CleanOutcome> {
  const outcome: CleanOutcome = { files: 0, bytes: 0, failed: 0, kept: 0 };
  const fail = (failure: Failure) => {
    outcome.failed++;
    listeners.failed(failure);
  };
  const now = Date.now();
  const breather = new Breather();
  const options = {
    before: olderThanMs === 0 ? Infinity : now - olderThanMs,
    beforeUnlocked: now - Math.max(olderThanMs, UNLOCKED_MS),
    dryRun,
    removed(entry: RemovedEntry) {
      outcome.files++;
      outcome.bytes += entry.bytes;
      listeners.removed(entry);
    },
    failed: (error: FileError) => fail(toFailure(error)),
    breathe: () => listeners.turn?.() ?? breather.breathe(),
  };
  try {
    const found = await findSources(folders, { ...find, recursive: true, turn: options.breathe }, files.paths);
    found.failures.forEach(fail);
    for (const source of found.roots) {
      try {
        const root = realRoot(source, files);
        const tree = files.openTree(root);
        try {
          outcome.kept += await cleanTree(root, tree, options);
        } finally {
          tree.close();
        }
      } catch (error) {
        fail(toFailure(error));
      }
    }
    return outcome;
  } finally {
    breather.close();
  }
}

/** A root that nothing below it leads out of, whatever happens to it meanwhile. @throws {FileError} */
function realRoot(root: SourceRoot, files: FileEngine): SourceRoot {
  if (root.kind !== "folder") throw failedWith("clean", root.path, "ENOTDIR");
  const within = files.paths.realPath(root.path);
  if (root.within !== undefined && !isWithin(within, root.within)) throw leadsOut("clean", root.path, root.within);
  return { ...root, within };
}
