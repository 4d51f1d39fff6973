/** Removes the leftovers of abandoned copies from one directory, unless a copy uses them or they are too recent. */

import { FileError } from "../../errors.ts";
import { codeOf, failedDeno } from "../../files/stat/file_failure.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { isPartialName, isTemporaryName } from "../../files/path/private_names.ts";
import { openOwnFile } from "../own_file.ts";
import { lockExisting } from "../lock_record.ts";
import { bytesOnDisk, changeTime, type KeptLeftovers, type LeftoverOptions } from "./leftovers.ts";
import {
  isOldJournal,
  isOldMark,
  isOldRunLog,
  isOldRunLogName,
  journalOfOldPartial,
  MAX_OLD_MARK_BYTES,
  OLD_JOURNAL_BYTES,
  OLD_RUN_LOG_BYTES,
  type OldPair,
  oldPairOf,
} from "./old_leftovers.ts";

/** A directory to clean. */
export interface CleanedDirectory {
  /** Path for `Deno.*`. */
  path: string;
  /** Path for messages. */
  shownPath: string;
}

/** Removes the leftovers with these names, except marks. */
export async function removeLeftovers(
  directory: CleanedDirectory,
  names: readonly string[],
  options: LeftoverOptions,
): Promise<KeptLeftovers> {
  const cleaner = new DirectoryCleaner(directory, options);
  const all = new Set(names);
  for (const name of all) {
    await options.yieldIfDue();
    if (options.recorded.has(name)) continue;
    const pair = oldPairOf(name);
    const journal = journalOfOldPartial(name);
    if (pair) await cleaner.attempt(name, () => cleaner.cleanOldPair(pair));
    else if (isOldRunLogName(name)) await cleaner.attempt(name, () => cleaner.cleanOldRunLog(name));
    else if (isPartialName(name) || isTemporaryName(name)) {
      await cleaner.attempt(name, () => cleaner.cleanPartial(name));
    } // An old partial file with a journal is handled with the journal.
    else if (journal === undefined || !all.has(journal)) await cleaner.attempt(name, () => cleaner.cleanUnlocked(name));
  }
  return cleaner.kept;
}

/**
 * Removes the marks of an unfinished directory.
 *
 * @param newest Time of the last change in or below the directory. A recent change shows that a copy may use the directory.
 */
export async function removeMarks(
  directory: CleanedDirectory,
  names: readonly string[],
  newest: number,
  options: LeftoverOptions,
): Promise<KeptLeftovers> {
  const cleaner = new DirectoryCleaner(directory, options);
  for (const name of names) await cleaner.attempt(name, () => cleaner.cleanMark(name, newest));
  return cleaner.kept;
}

class DirectoryCleaner {
  readonly kept: KeptLeftovers = { count: 0, newest: -Infinity };
  readonly #directory: CleanedDirectory;
  readonly #options: LeftoverOptions;

  constructor(directory: CleanedDirectory, options: LeftoverOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Reports an error of the system as one failure. The file counts as in use. */
  async attempt(name: string, action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (codeOf(error) === undefined && !(error instanceof FileError)) throw error;
      this.kept.newest = Infinity;
      this.#options.onFailed(failedDeno("remove", joinPath(this.#directory.shownPath, name), error));
    }
  }

  /** Removes a journal of an earlier version, and its partial file. */
  async cleanOldPair(names: OldPair): Promise<void> {
    const info = this.#statOwn(names.journal);
    if (!info?.isFile || !hasOneName(info)) return;
    const path = joinPath(this.#directory.path, names.journal);
    const journal = await lockExisting(path, info.uid);
    if (!journal) return this.#keepUsed(names);
    // The lock is held until both files are removed. A process that waits for it then finds that the journal is gone.
    using lock = journal;
    if (!isOldJournal(readFirst(lock, OLD_JOURNAL_BYTES), names.journal)) return;
    const partial = this.#statOwn(names.partial);
    const isPartial = partial?.isFile && hasOneName(partial);
    const changed = Math.max(changeTime(info), isPartial ? changeTime(partial) : -Infinity);
    const { before } = this.#options;
    if (changed >= before) return this.#keep(changed, isPartial ? 2 : 1);
    if (isPartial) this.#remove(names.partial, partial);
    this.#remove(names.journal, info);
  }

  /** Removes a run log of an earlier version. */
  async cleanOldRunLog(name: string): Promise<void> {
    const info = this.#statOwn(name);
    if (!info?.isFile || !hasOneName(info)) return;
    const journal = await lockExisting(joinPath(this.#directory.path, name), info.uid);
    if (!journal) return this.#statOwn(name) && this.#keep(Infinity);
    using lock = journal;
    if (!isOldRunLog(readFirst(lock, OLD_RUN_LOG_BYTES))) return;
    this.#removeOrKeep(name, info);
  }

  /** Removes a partial or temporary file without a record, or with a record that this user cannot see. */
  async cleanPartial(name: string): Promise<void> {
    const info = this.#statOwn(name);
    const isTemporary = isTemporaryName(name);
    if (!info?.isFile || !hasOneName(info)) return isTemporary ? this.cleanUnlocked(name) : undefined;
    let lock: Deno.FsFile | undefined;
    try {
      lock = await lockExisting(joinPath(this.#directory.path, name), info.uid);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      // The file cannot be opened, or the file system has no locks.
      return this.cleanUnlocked(name);
    }
    if (!lock) return this.#statOwn(name) && this.#keep(Infinity);
    using _ = lock;
    // A temporary file is locked only if it has a journal.
    if (isTemporary) this.cleanUnlocked(name);
    else this.#removeOrKeep(name, info);
  }

  /** Removes a temporary file that is not locked, or a partial file of an earlier version without its journal. */
  cleanUnlocked(name: string): void {
    const info = this.#statOwn(name);
    // A temporary file may be a new link. Removing the link does not touch its target.
    const isLeftover = info?.isFile && (hasOneName(info) || isTemporaryName(name)) ||
      info?.isSymlink && isTemporaryName(name);
    if (info && isLeftover) this.#removeOrKeep(name, info, this.#options.beforeUnlocked);
  }

  /** Removes the mark of an unfinished directory, unless the directory changed recently. */
  cleanMark(name: string, newest: number): void {
    const info = this.#statOwn(name);
    if (!info?.isFile || !hasOneName(info)) return;
    using file = openOwnFile(joinPath(this.#directory.path, name), { write: true, owner: info.uid });
    if (!file || !isOldMark(readFirst(file, MAX_OLD_MARK_BYTES + 1), name)) return;
    const changed = Math.max(changeTime(info), newest);
    if (changed >= this.#options.beforeUnlocked) return this.#keep(changed);
    this.#remove(name, info);
  }

  /** Returns the attributes of a file; undefined if it does not exist or this user must not remove it. */
  #statOwn(name: string): Deno.FileInfo | undefined {
    try {
      const info = Deno.lstatSync(joinPath(this.#directory.path, name));
      return mayRemove(info) ? info : undefined;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #keepUsed({ partial, journal }: OldPair): void {
    for (const name of [partial, journal]) if (this.#statOwn(name)) this.#keep(Infinity);
  }

  #keep(changed: number, count = 1): void {
    this.kept.count += count;
    this.kept.newest = Math.max(this.kept.newest, changed);
  }

  #removeOrKeep(name: string, info: Deno.FileInfo, before = this.#options.before): void {
    const changed = changeTime(info);
    if (changed >= before) this.#keep(changed);
    else this.#remove(name, info);
  }

  #remove(name: string, info: Deno.FileInfo): void {
    const { dryRun, onRemoved } = this.#options;
    const path = joinPath(this.#directory.path, name);
    const shownPath = joinPath(this.#directory.shownPath, name);
    if (!dryRun) {
      // A copy may have started to use the file since.
      const now = this.#statOwn(name);
      if (!now || now.ino !== info.ino || now.dev !== info.dev || changeTime(now) !== changeTime(info)) return;
      try {
        Deno.removeSync(path);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return;
        throw failedDeno("remove", shownPath, error);
      }
    }
    onRemoved({ path: shownPath, bytes: bytesOnDisk(info) });
  }
}

/**
 * Returns whether this user removes a file: root removes all files, other users only their own. They cannot see whether the
 * file of another user is in use.
 */
function mayRemove({ uid }: Deno.FileInfo): boolean {
  const user = Deno.uid();
  return user === 0 || uid === user;
}

/** Returns whether a file has one name. Another user may use a file with several. */
function hasOneName({ nlink }: Deno.FileInfo): boolean {
  return (nlink ?? 1) <= 1;
}

/** Returns the first bytes of a file. */
function readFirst(file: Deno.FsFile, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(0, Deno.SeekMode.Start);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
