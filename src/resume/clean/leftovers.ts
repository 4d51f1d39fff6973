/** What an abandoned copy has left in a target directory: which files these are, whether a copy uses them, and removing them. */

import { FileError } from "../../errors.ts";
import { codeOf, failedDeno } from "../../files/stat/file_failure.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { isPartialName, isTemporaryName } from "../../files/path/private_names.ts";
import { lockExisting } from "../partial/lock_journal.ts";
import {
  isOldJournal,
  isOldMark,
  isOldRunLog,
  isOldRunLogName,
  journalOfOldPartial,
  MOST_OLD_MARK_BYTES,
  OLD_JOURNAL_BYTES,
  OLD_RUN_LOG_BYTES,
  type OldPair,
  oldPairOf,
} from "./old_leftovers.ts";
import { openOwnFile } from "../own_file.ts";

/** A file that was left behind. */
export interface Leftover {
  path: string;
  /** What it takes on the disk, and its size at the most. */
  bytes: number;
}

/** Which leftovers go, and who hears of it. */
export interface LeftoverOptions {
  /** What was changed then or later stays. Milliseconds since 1970; Infinity: nothing is too young. */
  before: number;
  /** The same for what no lock tells whether a copy uses it. */
  beforeUnlocked: number;
  /** Nothing is removed. */
  dryRun: boolean;
  /** Names of partial files that are left to their records (clean_records.ts). */
  recorded: ReadonlySet<string>;
  /** Hears of each that was removed, or would be. */
  removed: (leftover: Leftover) => void;
  failed: (error: FileError) => void;
  /** Lets others have their turn. @throws to end it all. */
  breathe: () => void | Promise<void>;
}

/** What stays. */
export interface KeptLeftovers {
  count: number;
  /** When the last of them was changed; Infinity when a copy uses one, or nobody can tell. */
  newest: number;
}

/** Whether this may be the name of a leftover. Marks are looked at by `removeMarks`, all others by `removeLeftovers`. */
export function isLeftoverName(name: string): boolean {
  return isTemporaryName(name) || isPartialName(name) || isOldRunLogName(name) || oldPairOf(name) !== undefined ||
    journalOfOldPartial(name) !== undefined;
}

/** A directory, as `Deno.*` comes to it and as messages name it. */
export interface LeftoverPlace {
  place: string;
  text: string;
}

/** Removes what of these names is left over from copies that run no more. A mark goes by `removeMarks`. */
export async function removeLeftovers(
  directory: LeftoverPlace,
  names: readonly string[],
  options: LeftoverOptions,
): Promise<KeptLeftovers> {
  const worker = new DirectoryOfLeftovers(directory, options);
  const all = new Set(names);
  for (const name of all) {
    await options.breathe();
    if (options.recorded.has(name)) continue;
    const pair = oldPairOf(name);
    const journal = journalOfOldPartial(name);
    if (pair) await worker.attempt(name, () => worker.pair(pair));
    else if (isOldRunLogName(name)) await worker.attempt(name, () => worker.run(name));
    else if (isPartialName(name)) await worker.attempt(name, () => worker.partial(name));
    // With its journal it goes, or stays.
    else if (journal === undefined || !all.has(journal)) await worker.attempt(name, () => worker.alone(name));
  }
  return worker.kept;
}

/**
 * Removes the marks that say that a copy has not finished this directory.
 *
 * @param newest when something in the directory or below it was changed last, as far as that shows that a copy runs.
 */
export async function removeMarks(
  directory: LeftoverPlace,
  names: readonly string[],
  newest: number,
  options: LeftoverOptions,
): Promise<KeptLeftovers> {
  const worker = new DirectoryOfLeftovers(directory, options);
  for (const name of names) await worker.attempt(name, () => worker.mark(name, newest));
  return worker.kept;
}

class DirectoryOfLeftovers {
  readonly kept: KeptLeftovers = { count: 0, newest: -Infinity };
  readonly #directory: LeftoverPlace;
  readonly #options: LeftoverOptions;

  constructor(directory: LeftoverPlace, options: LeftoverOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** What cannot be looked at or removed is one failure. */
  async attempt(name: string, act: () => void | Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (codeOf(error) === undefined && !(error instanceof FileError)) throw error;
      this.kept.newest = Infinity;
      this.#options.failed(failedDeno("remove", joinPath(this.#directory.text, name), error));
    }
  }

  /** A journal of an earlier version, and the partial file beside it. */
  async pair(names: OldPair): Promise<void> {
    const found = this.#look(names.journal);
    if (!found?.isFile || !isSole(found)) return;
    const path = joinPath(this.#directory.place, names.journal);
    const journal = await lockExisting(path, found.uid);
    if (!journal) return this.#keepUsed(names);
    // The lock is held until both are gone: whoever waits for it finds that the journal is another then.
    using lock = journal;
    if (!isOldJournal(beginningOf(lock, OLD_JOURNAL_BYTES), names.journal)) return;
    const partial = this.#look(names.partial);
    const isPartial = partial?.isFile && isSole(partial);
    const changed = Math.max(changeTime(found), isPartial ? changeTime(partial) : -Infinity);
    const { before } = this.#options;
    if (changed >= before) return this.#keep(changed, isPartial ? 2 : 1);
    if (isPartial) this.#remove(names.partial, partial);
    this.#remove(names.journal, found);
  }

  /** A run log of an earlier version. */
  async run(name: string): Promise<void> {
    const found = this.#look(name);
    if (!found?.isFile || !isSole(found)) return;
    const journal = await lockExisting(joinPath(this.#directory.place, name), found.uid);
    if (!journal) return this.#look(name) && this.#keep(Infinity);
    using lock = journal;
    if (!isOldRunLog(beginningOf(lock, OLD_RUN_LOG_BYTES))) return;
    const changed = changeTime(found);
    if (changed >= this.#options.before) return this.#keep(changed);
    this.#remove(name, found);
  }

  /** A partial file without a record, or with one that this user cannot see. */
  async partial(name: string): Promise<void> {
    const found = this.#look(name);
    if (!found?.isFile || !isSole(found)) return;
    let lock: Deno.FsFile | undefined;
    try {
      lock = await lockExisting(joinPath(this.#directory.place, name), found.uid);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      // It cannot be opened, or there are no locks.
      return this.alone(name);
    }
    if (!lock) return this.#look(name) && this.#keep(Infinity);
    using _ = lock;
    const changed = changeTime(found);
    if (changed >= this.#options.before) return this.#keep(changed);
    this.#remove(name, found);
  }

  /** A temporary file, or a partial file of an earlier version that has lost its journal. */
  alone(name: string): void {
    const found = this.#look(name);
    // A link on its way is a link; it goes, and what it leads to is not touched.
    const mayBe = found?.isFile && (isSole(found) || isTemporaryName(name)) ||
      found?.isSymlink && isTemporaryName(name);
    if (!found || !mayBe) return;
    const changed = changeTime(found);
    if (changed >= this.#options.beforeUnlocked) return this.#keep(changed);
    this.#remove(name, found);
  }

  mark(name: string, newest: number): void {
    const found = this.#look(name);
    if (!found?.isFile || !isSole(found)) return;
    using file = openOwnFile(joinPath(this.#directory.place, name), { write: true, owner: found.uid });
    if (!file || !isOldMark(beginningOf(file, MOST_OLD_MARK_BYTES + 1), name)) return;
    const changed = Math.max(changeTime(found), newest);
    if (changed >= this.#options.beforeUnlocked) return this.#keep(changed);
    this.#remove(name, found);
  }

  /** Undefined when it is gone, or is for another user to remove. */
  #look(name: string): Deno.FileInfo | undefined {
    try {
      const found = Deno.lstatSync(joinPath(this.#directory.place, name));
      return isOwn(found) ? found : undefined;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #keepUsed({ partial, journal }: OldPair): void {
    for (const name of [partial, journal]) if (this.#look(name)) this.#keep(Infinity);
  }

  #keep(changed: number, count = 1): void {
    this.kept.count += count;
    this.kept.newest = Math.max(this.kept.newest, changed);
  }

  #remove(name: string, found: Deno.FileInfo): void {
    const { dryRun, removed } = this.#options;
    const path = joinPath(this.#directory.place, name);
    if (!dryRun) {
      // A copy may have begun there since.
      const now = this.#look(name);
      if (!now || now.ino !== found.ino || now.dev !== found.dev || changeTime(now) !== changeTime(found)) return;
      try {
        Deno.removeSync(path);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return;
        throw failedDeno("remove", joinPath(this.#directory.text, name), error);
      }
    }
    removed({ path: joinPath(this.#directory.text, name), bytes: bytesOnDisk(found) });
  }
}

/** Root cleans up after everybody, all others after themselves: of what is not theirs they cannot see whether it is in use. */
function isOwn({ uid }: Deno.FileInfo): boolean {
  const user = Deno.uid();
  return user === 0 || uid === user;
}

/** Somebody may hold, under another name, what has more than one. */
function isSole({ nlink }: Deno.FileInfo): boolean {
  return (nlink ?? 1) <= 1;
}

/**
 * When it was changed last, in milliseconds since 1970. The time of modification may be that of the source, as a copy
 * sets it shortly before a file gets its name.
 */
export function changeTime({ ctime, mtime }: Deno.FileInfo): number {
  return (ctime ?? mtime)?.getTime() ?? Infinity;
}

/** A partial file is as long as it will be, and takes what is written. */
export function bytesOnDisk({ size, blocks, isSymlink }: Deno.FileInfo): number {
  if (isSymlink) return 0;
  return blocks === null ? size : Math.min(size, blocks * 512);
}

function beginningOf(file: Deno.FsFile, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(0, Deno.SeekMode.Start);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
