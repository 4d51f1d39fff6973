/** A walk below a directory that removes what abandoned copies have left: depth first, one directory open at a time. */

import { FileError } from "../../errors.ts";
import type { DirectoryTree } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { FileKind } from "../../files/stat/file_stat.ts";
import { joinPath } from "../../files/path/local_path.ts";
import {
  isLeftoverName,
  type KeptLeftovers,
  type LeftoverOptions,
  type LeftoverPlace,
  removeLeftovers,
  removeMarks,
} from "./leftovers.ts";
import { isOldMarkName } from "./old_leftovers.ts";

/** A directory on the way from the root to where the walk is. */
interface Level {
  path: string;
  /** Names of directories in it that are still to be entered. */
  pending: string[];
  /** Names of marks in it: looked at when everything below is known. */
  marks: string[];
  /** When the directory, or something below it, was changed last, in milliseconds since 1970; Infinity: nobody can tell. */
  newest: number;
}

/** Removes what is left over in the root and below. @returns how many files were left alone, as a copy may use them. */
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
      await this.#options.breathe();
      const name = level.pending.pop();
      if (name === undefined) await this.#leave(level);
      else await this.#enter(joinPath(level.path, name));
    }
    return this.#kept;
  }

  /** Lists a directory, and does what is to be done in it. */
  async #enter(path: string): Promise<void> {
    const { lister } = this.#tree;
    const level: Level = { path, pending: [], marks: [], newest: Infinity };
    const leftovers: string[] = [];
    try {
      lister.openDirectory(this.#root, path, { follow: path === "" });
      level.newest = lister.stat.mtime * 1000 + lister.stat.mtimeNs / 1e6;
      for (;;) {
        const wait = lister.fetch?.() ?? this.#options.breathe();
        if (wait) await wait;
        if (!lister.nextEntry()) break;
        this.#sort(level, leftovers);
      }
    } catch (error) {
      this.#fail(error, level);
    }
    if (leftovers.length > 0) this.#note(level, await removeLeftovers(this.#place(path), leftovers, this.#options));
    lister.closeDirectory();
    this.#levels.push(level);
  }

  #sort(level: Level, leftovers: string[]): void {
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

  /** Everything below is done. */
  async #leave(level: Level): Promise<void> {
    this.#levels.pop();
    if (level.marks.length > 0) {
      try {
        this.#tree.lister.openDirectory(this.#root, level.path, { follow: level.path === "" });
        const place = this.#place(level.path);
        this.#note(level, await removeMarks(place, level.marks, level.newest, this.#options));
      } catch (error) {
        this.#fail(error, level);
      }
      this.#tree.lister.closeDirectory();
    }
    const above = this.#levels.at(-1);
    if (above) above.newest = Math.max(above.newest, level.newest);
  }

  #place(path: string): LeftoverPlace {
    return { place: this.#tree.place, text: joinPath(this.#root.path, path) };
  }

  #note(level: Level, { count, newest }: KeptLeftovers): void {
    this.#kept += count;
    level.newest = Math.max(level.newest, newest);
  }

  /** What cannot be seen may be in use. */
  #fail(error: unknown, level: Level): void {
    if (!(error instanceof FileError)) throw error;
    level.newest = Infinity;
    // Somebody was faster.
    if (error.code === "ENOENT" && level.path !== "") return;
    this.#options.failed(error);
  }
}
