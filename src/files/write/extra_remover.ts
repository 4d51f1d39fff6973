/** Removes entries of a target that the source lacks: depth first, by the open directory, without following links. */

import { FileError, quotePath } from "../../errors.ts";
import type { ExtraOptions, PendingDirectory, RemovedExtras, TargetPlace } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import type { GlobEntry } from "../glob/expand.ts";
import { joinPath } from "../path/local_path.ts";
import { foldedName } from "../path/name_rules.ts";
import { isPrivateName } from "../path/private_names.ts";
import { codeOf, failedDeno } from "../stat/file_failure.ts";
import { identityOfStat, isSameFile } from "../stat/file_identity.ts";
import { FileStat } from "../stat/file_stat.ts";
import { placeKey, targetText } from "../target/name.ts";
import type { AtomicWriter } from "./atomic_writer.ts";

/** Maximum number of failures that are reported one by one. */
const MAX_FAILURES = 100;

/** Entries of a directory that the source listed. */
interface Listed {
  extras: GlobEntry[];
  /** Directories that the source listed too. */
  directories: string[];
}

/** A directory that the source lacks, and that is removed after its contents. */
interface ExtraDirectory {
  path: string;
  /** Entries that were not handled yet. */
  entries: GlobEntry[];
  /** Whether everything in it was removed. */
  isEmpty: boolean;
  /** `left` of the result before the first entry. */
  leftBefore: number;
}

/** Removes the entries of one target. */
export class ExtraRemover<Name, Staged> {
  readonly #writer: AtomicWriter<Name, Staged>;
  readonly #options: ExtraOptions;
  readonly #result: RemovedExtras = { removed: 0, left: 0, kept: 0, failures: [], moreFailures: 0, opened: [] };
  readonly #opened = new Map<string, PendingDirectory>();
  readonly #stat = new FileStat();
  /** Paths of the roots that are directories. Each of them is searched once. */
  readonly #roots = new Set<string>();

  constructor(writer: AtomicWriter<Name, Staged>, options: ExtraOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  async run(): Promise<RemovedExtras> {
    const { roots } = this.#writer;
    const searched = [...roots.entries()].filter(([, root]) => {
      if (!isSearched(root) || this.#roots.has(root.path)) return false;
      this.#roots.add(root.path);
      return true;
    });
    for (const [root] of searched) await this.#searchRoot(root);
    this.#result.opened = [...this.#opened.values()];
    return this.#result;
  }

  /** Removes extra entries from the directories of a root that the source listed. */
  async #searchRoot(root: number): Promise<void> {
    const pending = [""];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const place = { root, path };
      const listed = await this.#attempt(place, () => this.#list(place), { extras: [], directories: [] });
      for (const extra of listed.extras) await this.#removeExtra(root, path, extra);
      for (const name of listed.directories) pending.push(joinPath(path, name));
    }
  }

  /** Sorts the entries of a directory. */
  async #list(place: TargetPlace): Promise<Listed> {
    const { names, yieldIfDue } = this.#options;
    const directory = this.#textOf(place);
    const listed: Listed = { extras: [], directories: [] };
    const aliases = new Map<string, GlobEntry[]>();
    for (const entry of this.#entriesOf(place)) {
      await yieldIfDue();
      if (isPrivateName(entry.name)) continue;
      const found = names.find(directory, entry.name);
      const text = joinPath(directory, entry.name);
      if (found === "missing") listed.extras.push(entry);
      else if (found === "alias") {
        const key = foldedName(entry.name);
        aliases.set(key, [...aliases.get(key) ?? [], entry]);
      } else if (entry.isDirectory && names.hasDirectory(text) && !this.#roots.has(text)) {
        listed.directories.push(entry.name);
      }
    }
    if (aliases.size > 0) await this.#addDistinct(place, aliases, listed);
    return listed;
  }

  /** Adds the aliases that exist beside the entry of the source: the file system distinguishes them. */
  async #addDistinct(place: TargetPlace, aliases: Map<string, GlobEntry[]>, { extras }: Listed): Promise<void> {
    const { names, yieldIfDue } = this.#options;
    const directory = this.#textOf(place);
    for (const { name } of this.#entriesOf(place)) {
      await yieldIfDue();
      const entries = aliases.get(foldedName(name));
      if (!entries || names.find(directory, name) !== "listed") continue;
      extras.push(...entries);
      aliases.delete(foldedName(name));
    }
  }

  /** Removes an entry with its contents, unless it is protected. */
  async #removeExtra(root: number, parent: string, entry: GlobEntry): Promise<void> {
    const first = this.#isProtected(parent, entry) ? undefined : await this.#removeOrOpen(root, parent, entry);
    if (typeof first !== "object") return;
    const levels = [first];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const next = level.entries.pop();
      if (next === undefined) {
        levels.pop();
        const isRemoved = level.isEmpty ? await this.#removeEmptied({ root, path: level.path }) : this.#keep(level);
        const above = levels.at(-1);
        if (above && !isRemoved) above.isEmpty = false;
      } else if (this.#isProtected(level.path, next)) {
        if (level.isEmpty) this.#result.kept++;
        level.isEmpty = false;
      } else {
        const result = await this.#removeOrOpen(root, level.path, next);
        if (typeof result === "object") levels.push(result);
        else level.isEmpty &&= result;
      }
    }
  }

  /** Returns whether an entry stays because it is excluded, or may belong to a copy. */
  #isProtected(parent: string, { name, isDirectory }: GlobEntry): boolean {
    return isPrivateName(name) || this.#options.accept?.(joinPath(parent, name), isDirectory) === false;
  }

  /** Removes an entry. @returns the entries of a directory instead; otherwise whether it was removed. */
  async #removeOrOpen(root: number, parent: string, entry: GlobEntry): Promise<ExtraDirectory | boolean> {
    const { name, isDirectory } = entry;
    const place = { root, path: joinPath(parent, name) };
    await this.#options.yieldIfDue();
    return await this.#attempt<ExtraDirectory | boolean>(place, async () => {
      this.#enter({ root, path: parent });
      this.#check(place, entry);
      if (!isDirectory) return await this.#remove(place, entry);
      const entries = [...this.#entriesOf(place)];
      return { path: place.path, entries, isEmpty: true, leftBefore: this.#result.left };
    }, false);
  }

  /** Removes a directory whose contents were removed. */
  async #removeEmptied(place: TargetPlace): Promise<boolean> {
    const at = place.path.lastIndexOf("/");
    return await this.#attempt(place, async () => {
      this.#enter({ root: place.root, path: place.path.slice(0, Math.max(0, at)) });
      return await this.#remove(place, { name: place.path.slice(at + 1), isDirectory: true });
    }, false);
  }

  /** Counts a directory that is kept. @returns false */
  #keep({ leftBefore }: ExtraDirectory): boolean {
    if (this.#result.left > leftBefore) this.#result.left++;
    return false;
  }

  /** Removes an entry of the current directory, within the limit. */
  async #remove(place: TargetPlace, { name, isDirectory }: GlobEntry): Promise<boolean> {
    const { limit, dryRun, removed } = this.#options;
    const { directory } = this.#writer;
    if (this.#result.removed >= limit) {
      this.#result.left++;
      return false;
    }
    if (!dryRun) this.#withPermissions(() => directory.removeEntry(directory.nameOf(name), { isDirectory }));
    this.#opened.delete(placeKey(place));
    this.#result.removed++;
    await removed(place);
    return true;
  }

  /** Checks an entry of the current directory. @throws {FileError} if it is a source, or another file system. */
  #check(place: TargetPlace, { name, isDirectory }: GlobEntry): void {
    const { directory } = this.#writer;
    const { sources } = this.#options;
    const entry = directory.nameOf(name);
    if (sources.length > 0 && directory.stat(entry, this.#stat)) {
      const identity = identityOfStat(this.#stat);
      const isSource = identity.inode !== 0 && sources.some((source) => isSameFile(source, identity));
      if (isSource) throw new FileError("remove", this.#textOf(place), "it is a source of this copy");
    }
    if (!isDirectory || !directory.isMountPoint(entry)) return;
    throw new FileError("remove", this.#textOf(place), "a file system is mounted on it", {
      code: "EBUSY",
      hint: "Unmount it, or exclude it with --exclude",
    });
  }

  /** Enters and lists a directory. */
  #entriesOf(place: TargetPlace): Iterable<GlobEntry> {
    this.#enter(place);
    const { directory } = this.#writer;
    // A native listing is opened when its first entry is read.
    return this.#withPermissions(() => startListing(directory.list()));
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

  /** Returns the result of an action on a place, or else `failed`. Records the failure. */
  async #attempt<Result>(place: TargetPlace, action: () => Promise<Result>, failed: Result): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      if (codeOf(error) === undefined && !(error instanceof FileError)) throw error;
      // Another process has removed the entry. In a dry run the directory may not exist yet.
      if (codeOf(error) !== "ENOENT") this.#fail(place, error);
      return failed;
    }
  }

  #fail(place: TargetPlace, error: unknown): void {
    const { failures } = this.#result;
    if (failures.length === MAX_FAILURES) this.#result.moreFailures++;
    else failures.push(failedToRemove(this.#textOf(place), error));
  }

  #textOf({ root, path }: TargetPlace): string {
    return targetText(this.#writer.roots[root], path);
  }
}

/** Returns whether extra entries of a root are removed: those of an existing directory that is not its own source. */
function isSearched(root: TargetRoot): root is Extract<TargetRoot, { kind: "folder" }> {
  return root.kind === "folder" && !root.refused && !root.same;
}

/** Returns a failure to remove a path, also of a step with another operation. */
function failedToRemove(path: string, error: unknown): FileError {
  if (!(error instanceof FileError) || error.operation === "remove") return failedDeno("remove", path, error);
  const reason = error.message.slice(`Cannot ${error.operation} ${quotePath(error.path)}: `.length);
  return new FileError("remove", path, reason, { code: error.code, hint: error.hint, cause: error });
}

/** Reads the first entry of a listing, so that a failure to open it is thrown here. */
function startListing(listing: Iterable<GlobEntry>): Iterable<GlobEntry> {
  const iterator = listing[Symbol.iterator]();
  let first: IteratorResult<GlobEntry> | undefined = iterator.next();
  return {
    *[Symbol.iterator]() {
      for (let next = first ?? iterator.next(); !next.done; next = iterator.next()) {
        first = undefined;
        yield next.value;
      }
    },
  };
}
