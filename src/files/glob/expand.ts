/** From a pattern to the paths that it matches on this machine. */

import { quotePath, UserError } from "../../errors.ts";
import { MAX_PLAIN_ROOTS } from "../../protocol/limits.ts";
import { joinPath } from "../local_path.ts";
import { endOf, type GlobPattern, startStates, step } from "./pattern.ts";

/** What stands in a folder. */
export interface GlobEntry {
  name: string;
  /** Whether it is a folder itself, not a link to one. */
  isFolder: boolean;
  /** Whether it is a symbolic link: `*` goes through it, `**` does not. */
  isLink?: boolean;
}

/**
 * How the expansion looks at files. Paths are as in the pattern, relative or with "~" where that is; "" is the folder
 * that relative ones start from.
 */
export interface GlobFolders {
  /** All entries but "." and ".."; nothing when it is no folder or cannot be read. Always read to its end. */
  list(path: string): Iterable<GlobEntry>;
  /** Whether something is there, also a link that leads nowhere. False when that cannot be told. */
  exists(path: string): boolean;
}

/**
 * The paths that match, sorted by UTF-16 code units, each once. Empty when there are none: the caller decides whether
 * the text itself is meant. Alternatives without wildcards are looked up, too. Each folder is listed once.
 *
 * @throws {UserError} for more than `limit` paths; default 65,535.
 */
export function expandGlob(pattern: GlobPattern, folders: GlobFolders, limit = MAX_PLAIN_ROOTS): string[] {
  const search = new Search(pattern, folders, limit);
  search.enter("", startStates(pattern, pattern.relative));
  search.enter("/", startStates(pattern, pattern.absolute));
  return [...search.found].sort();
}

/** A name in a folder, and the states that it leads to. */
interface Child extends GlobEntry {
  states: number[];
}

class Search {
  readonly found = new Set<string>();
  readonly #pattern: GlobPattern;
  readonly #folders: GlobFolders;
  readonly #limit: number;

  constructor(pattern: GlobPattern, folders: GlobFolders, limit: number) {
    this.#pattern = pattern;
    this.#folders = folders;
    this.#limit = limit;
  }

  enter(folder: string, states: readonly number[]): void {
    const { nodes } = this.#pattern;
    const kinds = new Set(states.map((state) => nodes[state].kind));
    if (folder === "/" && kinds.has("end")) this.#add(folder);
    const literals = kinds.has("literal") ? this.#literals(states) : new Map<string, number[]>();
    const matched = kinds.has("wild") || kinds.has("deep") ? this.#matched(folder, states, literals) : [];
    for (const child of matched) this.#arrive(this.#childPath(folder, child.name), child);
    for (const [name, after] of literals) this.#probe(joinPath(folder, name), after);
  }

  /**
   * The names that the pattern spells out here. They need no listing, which might be long or forbidden. Where `**` could
   * stand for such a name as well, only the listing knows whether there is one to go through.
   */
  #literals(states: readonly number[]): Map<string, number[]> {
    const literals = new Map<string, number[]>();
    for (const state of states) {
      const node = this.#pattern.nodes[state];
      if (node.kind !== "literal") continue;
      const after = step(this.#pattern, [state], node.name);
      const known = literals.get(node.name);
      if (known) known.push(...after);
      else literals.set(node.name, after);
    }
    return literals;
  }

  /** Listed before anything in it is entered: one folder is open at a time. Takes from `literals` what it finds. */
  #matched(folder: string, states: readonly number[], literals: Map<string, number[]>): Child[] {
    const children: Child[] = [];
    for (const { name, isFolder, isLink } of this.#folders.list(folder)) {
      const after = step(this.#pattern, states, name, !isLink);
      if (after.length === 0) continue;
      // In the first place of a path it means a home folder, which is not this entry.
      if (folder !== "" || !name.startsWith("~")) literals.delete(name);
      if (isFolder || isLink || endOf(this.#pattern, after)) children.push({ name, isFolder, isLink, states: after });
    }
    return children;
  }

  #arrive(path: string, { isFolder, isLink, states }: Child): void {
    const end = endOf(this.#pattern, states);
    if (end === "any" || (end === "folder" && (isFolder || (isLink && this.#isFolder(path))))) this.#add(path);
    if (isFolder || isLink) this.#enterFrom(path, states);
  }

  #probe(path: string, states: readonly number[]): void {
    const end = endOf(this.#pattern, states);
    if (end && (end === "any" ? this.#folders.exists(path) : this.#isFolder(path))) this.#add(path);
    this.#enterFrom(path, states);
  }

  #enterFrom(path: string, states: readonly number[]): void {
    const rest = states.filter((state) => this.#pattern.nodes[state].kind !== "end");
    if (rest.length > 0) this.enter(path, rest);
  }

  /** A name that was found and begins with "~" is no home folder. */
  #childPath(folder: string, name: string): string {
    return joinPath(folder === "" && name.startsWith("~") ? "." : folder, name);
  }

  #isFolder(path: string): boolean {
    return this.#folders.exists(joinPath(path, "."));
  }

  #add(path: string): void {
    this.found.add(path);
    if (this.found.size <= this.#limit) return;
    throw new UserError(`Cannot expand ${quotePath(this.#pattern.text)}: it matches more than ${this.#limit} paths`, {
      hint: "Copy the folder with -r, and choose what is in it with --include and --exclude",
    });
  }
}
