/** What an abandoned copy has left in a folder: which files these are, whether a copy uses them, and removing them. */

import { FileError } from "../errors.ts";
import { codeOf, failedDeno } from "../files/file_failure.ts";
import { joinPath } from "../files/local_path.ts";
import { isTemporaryName } from "../files/private_names.ts";
import { decodeName } from "../protocol/names.ts";
import { decodeJournal, JOURNAL_HEADER_BYTES } from "./journal.ts";
import { lockExisting } from "./lock_journal.ts";
import { isRunJournalName, journalOfPartial, namesOfJournal, partialNames } from "./partial_names.ts";
import { decodeRunHeader, RUN_HEADER_BYTES } from "./run_journal.ts";
import { isMark } from "./unfinished_folder.ts";

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
  return isTemporaryName(name) || isRunJournalName(name) || namesOfJournal(name) !== undefined ||
    journalOfPartial(name) !== undefined;
}

/** A folder, as `Deno.*` comes to it and as messages name it. */
export interface LeftoverPlace {
  place: string;
  text: string;
}

/** Removes what of these names is left over from copies that run no more. A mark goes by `removeMarks`. */
export async function removeLeftovers(
  folder: LeftoverPlace,
  names: readonly string[],
  options: LeftoverOptions,
): Promise<KeptLeftovers> {
  const worker = new FolderOfLeftovers(folder, options);
  const all = new Set(names);
  for (const name of all) {
    await options.breathe();
    const pair = namesOfJournal(name);
    const journal = journalOfPartial(name);
    if (pair) await worker.attempt(name, () => worker.pair(pair));
    else if (isRunJournalName(name)) await worker.attempt(name, () => worker.run(name));
    // With its journal it goes, or stays.
    else if (journal === undefined || !all.has(journal)) await worker.attempt(name, () => worker.alone(name));
  }
  return worker.kept;
}

/**
 * Removes the marks that say that a copy has not finished this folder.
 *
 * @param newest when something in the folder or below it was changed last, as far as that shows that a copy runs.
 */
export async function removeMarks(
  folder: LeftoverPlace,
  names: readonly string[],
  newest: number,
  options: LeftoverOptions,
): Promise<KeptLeftovers> {
  const worker = new FolderOfLeftovers(folder, options);
  for (const name of names) await worker.attempt(name, () => worker.mark(name, newest));
  return worker.kept;
}

class FolderOfLeftovers {
  readonly kept: KeptLeftovers = { count: 0, newest: -Infinity };
  readonly #folder: LeftoverPlace;
  readonly #options: LeftoverOptions;

  constructor(folder: LeftoverPlace, options: LeftoverOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** What cannot be looked at or removed is one failure. */
  async attempt(name: string, act: () => void | Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (codeOf(error) === undefined && !(error instanceof FileError)) throw error;
      this.kept.newest = Infinity;
      this.#options.failed(failedDeno("remove", joinPath(this.#folder.text, name), error));
    }
  }

  /** A journal, and the partial file beside it. */
  async pair(names: { partial: string; journal: string }): Promise<void> {
    const found = this.#look(names.journal);
    if (!found?.isFile || !isSole(found)) return;
    const path = joinPath(this.#folder.place, names.journal);
    const journal = await lockExisting(path, found.uid);
    if (!journal) return this.#keepUsed(names);
    // The lock is held until both are gone: whoever waits for it finds that the journal is another then.
    using lock = journal;
    if (!isJournal(lock, names.journal)) return;
    const partial = this.#look(names.partial);
    const isPartial = partial?.isFile && isSole(partial);
    const changed = Math.max(changeTime(found), isPartial ? changeTime(partial) : -Infinity);
    const { before } = this.#options;
    if (changed >= before) return this.#keep(changed, isPartial ? 2 : 1);
    if (isPartial) this.#remove(names.partial, partial);
    this.#remove(names.journal, found);
  }

  /** The journal of a copy of several files. */
  async run(name: string): Promise<void> {
    const found = this.#look(name);
    if (!found?.isFile || !isSole(found)) return;
    const journal = await lockExisting(joinPath(this.#folder.place, name), found.uid);
    if (!journal) return this.#look(name) && this.#keep(Infinity);
    using lock = journal;
    if (!isRunJournal(lock)) return;
    const changed = changeTime(found);
    if (changed >= this.#options.before) return this.#keep(changed);
    this.#remove(name, found);
  }

  /** A temporary file, or a partial one that has lost its journal. */
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
    if (!found?.isFile || !isSole(found) || !isMark(this.#folder.place, name, found.uid)) return;
    const changed = Math.max(changeTime(found), newest);
    if (changed >= this.#options.beforeUnlocked) return this.#keep(changed);
    this.#remove(name, found);
  }

  /** Undefined when it is gone, or is for another user to remove. */
  #look(name: string): Deno.FileInfo | undefined {
    try {
      const found = Deno.lstatSync(joinPath(this.#folder.place, name));
      return isOwn(found) ? found : undefined;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #keepUsed({ partial, journal }: { partial: string; journal: string }): void {
    for (const name of [partial, journal]) if (this.#look(name)) this.#keep(Infinity);
  }

  #keep(changed: number, count = 1): void {
    this.kept.count += count;
    this.kept.newest = Math.max(this.kept.newest, changed);
  }

  #remove(name: string, found: Deno.FileInfo): void {
    const { dryRun, removed } = this.#options;
    const path = joinPath(this.#folder.place, name);
    if (!dryRun) {
      // A copy may have begun there since.
      const now = this.#look(name);
      if (!now || now.ino !== found.ino || now.dev !== found.dev || changeTime(now) !== changeTime(found)) return;
      try {
        Deno.removeSync(path);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return;
        throw failedDeno("remove", joinPath(this.#folder.text, name), error);
      }
    }
    removed({ path: joinPath(this.#folder.text, name), bytes: bytesOf(found) });
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
function changeTime({ ctime, mtime }: Deno.FileInfo): number {
  return (ctime ?? mtime)?.getTime() ?? Infinity;
}

/** A partial file is as long as it will be, and takes what is written. */
function bytesOf({ size, blocks, isSymlink }: Deno.FileInfo): number {
  if (isSymlink) return 0;
  return blocks === null ? size : Math.min(size, blocks * 512);
}

/** Whether the contents are those of the journal of this name, or nothing: then its copy did not come to write any. */
function isJournal(file: Deno.FsFile, name: string): boolean {
  const bytes = beginningOf(file, JOURNAL_HEADER_BYTES);
  if (bytes.length === 0) return true;
  const journal = decodeJournal(bytes);
  return journal !== undefined && partialNames(decodeName(journal.header.name)).journal === name;
}

/** The same of the journal of a copy of several files. */
function isRunJournal(file: Deno.FsFile): boolean {
  const bytes = beginningOf(file, RUN_HEADER_BYTES);
  return bytes.length === 0 || decodeRunHeader(bytes) !== undefined;
}

function beginningOf(file: Deno.FsFile, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(0, Deno.SeekMode.Start);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
