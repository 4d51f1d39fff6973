/** Removes entries of a target with their contents: depth first, by the open directory, without following links. */

import { FileError } from "../../errors.ts";
import type { ExtraOptions, RemovedExtras } from "../engine/directory_writer.ts";
import type { PendingDirectory, TargetPlace } from "../engine/target_place.ts";
import type { GlobEntry } from "../glob/expand.ts";
import { joinPath, splitRelativePath } from "../path/local_path.ts";
import { isPrivateName } from "../path/private_names.ts";
import { codeOf, failedStep } from "../stat/file_failure.ts";
import { isOneOf } from "../stat/file_identity.ts";
import { FileStat } from "../stat/file_stat.ts";
import { placeKey, targetText } from "../target/name.ts";
import type { AtomicWriter } from "./atomic_writer.ts";

/** Maximum number of failures that are reported one by one. */
const MAX_FAILURES = 100;
/** Number of entries that are read from a directory at a time. */
const PIECE = 4096;

/** Steps of a removal. The caller may await what they yield, so that others can work meanwhile. */
export type Steps<Result = void> = Generator<void | Promise<void>, Result>;

/** Options for removing entries. The results of callbacks are yielded. */
export type RemovalOptions = Omit<ExtraOptions, "names">;

/** A directory that is removed after its contents. */
interface EmptiedDirectory {
  path: string;
  /** Entries that were not handled yet. */
  entries: Iterator<GlobEntry>;
  /** Whether everything in it was removed. */
  isEmpty: boolean;
  /** `left` of the result before the first entry. */
  leftBefore: number;
}

/** Removes entries within a limit, and counts them. */
export class EntryRemover<Name, Staged> {
  readonly #writer: AtomicWriter<Name, Staged>;
  readonly #options: RemovalOptions;
  readonly #result: RemovedExtras = { removed: 0, left: 0, kept: 0, failures: [], moreFailures: 0, opened: [] };
  readonly #opened = new Map<string, PendingDirectory>();
  readonly #stat = new FileStat();

  constructor(writer: AtomicWriter<Name, Staged>, options: RemovalOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  get result(): RemovedExtras {
    return { ...this.#result, opened: [...this.#opened.values()] };
  }

  /** Removes an entry with its contents, unless it is protected. */
  *remove(root: number, parent: string, entry: GlobEntry): Steps {
    const first = this.#isProtected(parent, entry) ? undefined : yield* this.#removeOrOpen(root, parent, entry);
    if (typeof first !== "object") return;
    const levels = [first];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const { done, value: next } = level.entries.next();
      if (done) {
        levels.pop();
        const isRemoved = level.isEmpty ? yield* this.#removeEmptied({ root, path: level.path }) : this.#keep(level);
        const above = levels.at(-1);
        if (above && !isRemoved) above.isEmpty = false;
      } else if (this.#isProtected(level.path, next)) {
        if (level.isEmpty) this.#result.kept++;
        level.isEmpty = false;
      } else {
        const result = yield* this.#removeOrOpen(root, level.path, next);
        if (typeof result === "object") levels.push(result);
        else level.isEmpty &&= result;
      }
    }
  }

  /** Enters and lists a directory. @throws {unknown} Errors of the engine. */
  list(place: TargetPlace): IterableIterator<GlobEntry> {
    this.#enter(place);
    const { directory } = this.#writer;
    return this.#withPermissions(() => {
      const entries = new ReadAhead(directory.list());
      // A native listing is opened when its first entry is read.
      entries.fill();
      return entries;
    });
  }

  /** Checks a directory that the source has too. @throws {FileError} if a file system is mounted on it. */
  checkListed(place: TargetPlace): void {
    const parts = splitRelativePath(place.path);
    this.#enter({ root: place.root, path: parts.directory });
    const { directory } = this.#writer;
    if (directory.isMountPoint(directory.nameOf(parts.name))) throw mounted(this.textOf(place));
  }

  /** Records a failure. @returns whether the entry does not exist any more. @throws {unknown} The error, if it is a bug. */
  fail(place: TargetPlace, error: unknown): boolean {
    const code = codeOf(error);
    if (code === undefined && !(error instanceof FileError)) throw error;
    // Another process has removed the entry. In a dry run the directory may not exist yet.
    if (code === "ENOENT") return true;
    const { failures } = this.#result;
    if (failures.length === MAX_FAILURES) this.#result.moreFailures++;
    else failures.push(failedStep("remove", this.textOf(place), error));
    return false;
  }

  /** Returns the path of a place for messages. */
  textOf({ root, path }: TargetPlace): string {
    return targetText(this.#writer.roots[root], path);
  }

  /** Returns whether an entry stays because it is excluded, or may belong to a copy. */
  #isProtected(parent: string, { name, isDirectory }: GlobEntry): boolean {
    return isPrivateName(name) || this.#options.accept?.(joinPath(parent, name), isDirectory) === false;
  }

  /** Removes an entry. @returns the entries of a directory instead; otherwise whether it was removed. */
  *#removeOrOpen(root: number, parent: string, entry: GlobEntry): Steps<EmptiedDirectory | boolean> {
    const place = { root, path: joinPath(parent, entry.name) };
    yield this.#options.yieldIfDue();
    try {
      this.#enter({ root, path: parent });
      this.#check(place, entry);
      if (!entry.isDirectory) return yield* this.#removeOne(place, entry);
      const entries = this.list(place);
      return { path: place.path, entries, isEmpty: true, leftBefore: this.#result.left };
    } catch (error) {
      return this.fail(place, error);
    }
  }

  /** Removes a directory whose contents were removed. @returns whether it was removed. */
  *#removeEmptied(place: TargetPlace): Steps<boolean> {
    const { directory, name } = splitRelativePath(place.path);
    try {
      this.#enter({ root: place.root, path: directory });
      return yield* this.#removeOne(place, { name, isDirectory: true });
    } catch (error) {
      return this.fail(place, error);
    }
  }

  /** Counts a directory that is kept. @returns false */
  #keep({ leftBefore }: EmptiedDirectory): boolean {
    if (this.#result.left > leftBefore) this.#result.left++;
    return false;
  }

  /** Removes an entry of the current directory, within the limit. @returns whether it was removed. */
  *#removeOne(place: TargetPlace, { name, isDirectory }: GlobEntry): Steps<boolean> {
    const { limit, dryRun, removed } = this.#options;
    const { directory } = this.#writer;
    if (this.#result.removed >= limit) {
      this.#result.left++;
      return false;
    }
    if (!dryRun) this.#withPermissions(() => directory.removeEntry(directory.nameOf(name), { isDirectory }));
    this.#opened.delete(placeKey(place));
    this.#result.removed++;
    yield removed({ ...place, isDirectory });
    return true;
  }

  /** Checks an entry of the current directory. @throws {FileError} if it is a source, or another file system. */
  #check(place: TargetPlace, { name, isDirectory }: GlobEntry): void {
    const { directory } = this.#writer;
    const { sources } = this.#options;
    const entry = directory.nameOf(name);
    if (sources.length > 0 && directory.stat(entry, this.#stat)) {
      if (isOneOf(this.#stat, sources)) {
        throw new FileError("remove", this.textOf(place), "it is a source of this copy");
      }
    }
    if (isDirectory && directory.isMountPoint(entry)) throw mounted(this.textOf(place));
  }

  #enter({ root, path }: TargetPlace): void {
    this.#writer.enter(root, path, { create: false });
  }

  /** Repeats an action with all permissions in the current directory, if this user owns it and lacks them. */
  #withPermissions<Result>(action: () => Result): Result {
    const { directory } = this.#writer;
    try {
      return action();
    } catch (error) {
      if (this.#options.dryRun || codeOf(error) !== "EACCES" || !directory.addPermissions()) throw error;
      for (const opened of directory.takeCreated()) this.#opened.set(placeKey(opened), opened);
      return action();
    }
  }
}

/** Performs steps to the end, without a pause. */
export function finishSteps<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

function mounted(path: string): FileError {
  return new FileError("remove", path, "a file system is mounted on it", {
    code: "EBUSY",
    hint: "Unmount it, or exclude it with --exclude",
  });
}

/**
 * Reads entries ahead, because most directories are small: their listing is closed before an entry is removed. Entries of a
 * large directory are read in pieces, so that they do not fill the memory.
 */
class ReadAhead implements IterableIterator<GlobEntry> {
  readonly #listing: Iterator<GlobEntry>;
  #entries: GlobEntry[] = [];
  #next = 0;

  constructor(listing: Iterable<GlobEntry>) {
    this.#listing = listing[Symbol.iterator]();
  }

  /** Reads the next piece. */
  fill(): void {
    this.#entries = [];
    this.#next = 0;
    while (this.#entries.length < PIECE) {
      const { done, value } = this.#listing.next();
      if (done) return;
      this.#entries.push(value);
    }
  }

  next(): IteratorResult<GlobEntry, undefined> {
    if (this.#next === PIECE) this.fill();
    const value = this.#entries[this.#next++];
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  [Symbol.iterator](): this {
    return this;
  }
}
