/** Walks a directory tree and removes leftovers of abandoned copies: depth first, one directory open at a time. */

import { FileError } from "../../errors.ts";
import type { DirectoryTree } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { FileKind } from "../../files/stat/file_stat.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { type CleanedDirectory, removeLeftovers, removeMarks } from "./directory_cleaner.ts";
import { isLeftoverName, type KeptLeftovers, type LeftoverOptions } from "./leftovers.ts";
import { isOldMarkName } from "./old_leftovers.ts";

/** A directory on the path from the root to the current directory of the walk. */
interface Level {
  path: string;
  /** Names of subdirectories that were not entered yet. */
  pending: string[];
  /** Names of marks in the directory. They are examined after everything below it. */
  marks: string[];
  /** Time of the last change in or below the directory, in milliseconds since 1970; Infinity if unknown. */
  newest: number;
}

/** Removes the leftovers in and below the root. @returns the number of files kept because a copy may use them. */
export async function cleanTree(root: SourceRoot, tree: DirectoryTree, options: LeftoverOptions): Promise<number> {
  return await new TreeCleaner(root, tree, options).run();
}

class TreeCleaner {
  readonly #root: SourceRoot;
  readonly #tree: DirectoryTree;
  readonly #options: LeftoverOptions;
  readonly #levels: Level[] = [];
  #kept = 0;

  constructor(root: SourceRoot, tree: DirectoryTree, options: LeftoverOptions) {
    this.#root = root;
    this.#tree = tree;
    this.#options = options;
  }

  async run(): Promise<number> {
    const levels = this.#levels;
    await this.#enter("");
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      await this.#options.yieldIfDue();
      const name = level.pending.pop();
      if (name === undefined) await this.#leave(level);
      else await this.#enter(joinPath(level.path, name));
    }
    return this.#kept;
  }

  /** Lists a directory and removes its leftovers, except marks. */
  async #enter(path: string): Promise<void> {
    const { lister } = this.#tree;
    const level: Level = { path, pending: [], marks: [], newest: Infinity };
    const leftovers: string[] = [];
    try {
      lister.openDirectory(this.#root, path, { follow: path === "" });
      level.newest = lister.stat.mtime * 1000 + lister.stat.mtimeNs / 1e6;
      for (;;) {
        const fetching = lister.fetch?.();
        if (fetching) await fetching;
        const wait = this.#options.yieldIfDue();
        if (wait) await wait;
        if (!lister.nextEntry()) break;
        this.#classify(level, leftovers);
      }
    } catch (error) {
      this.#fail(error, level);
    }
    if (leftovers.length > 0) {
      this.#addKept(level, await removeLeftovers(this.#current(path), leftovers, this.#options));
    }
    lister.closeDirectory();
    this.#levels.push(level);
  }

  /** Sorts the current entry into subdirectories, marks and leftovers. */
  #classify(level: Level, leftovers: string[]): void {
    const { lister } = this.#tree;
    let { kind } = lister;
    const name = lister.nameText();
    if (kind === 0) {
      try {
        lister.statEntry({ follow: false });
        kind = lister.stat.kind;
      } catch (error) {
        return this.#fail(error, level);
      }
    }
    if (kind === FileKind.directory) level.pending.push(name);
    else if (isOldMarkName(name)) level.marks.push(name);
    else if (isLeftoverName(name)) leftovers.push(name);
  }

  /** Removes the marks of a directory when everything below it is finished. */
  async #leave(level: Level): Promise<void> {
    this.#levels.pop();
    if (level.marks.length > 0) {
      try {
        this.#tree.lister.openDirectory(this.#root, level.path, { follow: level.path === "" });
        const directory = this.#current(level.path);
        this.#addKept(level, await removeMarks(directory, level.marks, level.newest, this.#options));
      } catch (error) {
        this.#fail(error, level);
      }
      this.#tree.lister.closeDirectory();
    }
    const above = this.#levels.at(-1);
    if (above) above.newest = Math.max(above.newest, level.newest);
  }

  #current(path: string): CleanedDirectory {
    return { path: this.#tree.place, shownPath: joinPath(this.#root.path, path) };
  }

  #addKept(level: Level, { count, newest }: KeptLeftovers): void {
    this.#kept += count;
    level.newest = Math.max(level.newest, newest);
  }

  /** Reports an unreadable entry, which may be in use. */
  #fail(error: unknown, level: Level): void {
    if (!(error instanceof FileError)) throw error;
    level.newest = Infinity;
    // Another process has removed the entry.
    if (error.code === "ENOENT" && level.path !== "") return;
    this.#options.onFailed(error);
  }
}
