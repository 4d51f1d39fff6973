/** From a pattern to the paths that it matches on this machine. */

import { quotePath, UserError } from "../../errors.ts";
import { MAX_PLAIN_ROOTS } from "../../protocol/limits.ts";
import { joinPath } from "../path/local_path.ts";
import { endOf, type GlobPattern, startStates, step } from "./pattern.ts";

/** What stands in a directory. */
export interface GlobEntry {
  name: string;
  /** Whether it is a directory itself, not a link to one. */
  isDirectory: boolean;
  /** Whether it is a symbolic link: `*` goes through it, `**` does not. */
  isLink?: boolean;
}

/**
 * How the expansion looks at files. Paths are as in the pattern, relative or with "~" where that is; "" is the directory
 * that relative ones start from.
 */
export interface GlobDirectories {
  /** All entries but "." and ".."; nothing when it is no directory or cannot be read. Always read to its end. */
  list(path: string): Iterable<GlobEntry>;
  /** Whether something is there, also a link that leads nowhere. False when that cannot be told. */
  exists(path: string): boolean;
  /** Identifies the directory that a path leads to, following links; undefined if unknown. Default: unknown. */
  identity?(path: string): string | undefined;
}

/** How a pattern is expanded. */
export interface ExpandOptions {
  /** Maximum number of paths. Default: 65,535. */
  limit?: number;
  /** Called per directory: yields to the event loop, or throws to end the search. Default: nothing. */
  turn?: () => void | Promise<void>;
}

/**
 * The paths that match, sorted by UTF-16 code units, each once. Empty when there are none: the caller decides whether
 * the text itself is meant. Alternatives without wildcards are looked up, too. Each directory is listed once. A directory
 * that symbolic links lead to is searched once per state of the pattern, through any of these links. So the work is bounded
 * also for loops of links.
 *
 * @throws {UserError} for more than `limit` paths.
 */
export async function expandGlob(
  pattern: GlobPattern,
  directories: GlobDirectories,
  { limit = MAX_PLAIN_ROOTS, turn }: ExpandOptions = {},
): Promise<string[]> {
  const search = new Search(pattern, directories, limit);
  search.begin();
  while (search.step()) {
    const pause = turn?.();
    if (pause) await pause;
  }
  return [...search.found].sort();
}

/** A directory that has yet to be searched. */
interface Visit {
  path: string;
  states: readonly number[];
  /** Whether the path contains a symbolic link. */
  linked: boolean;
}

/** A name in a directory, and the states that it leads to. */
interface Child extends GlobEntry {
  states: number[];
}

class Search {
  readonly found = new Set<string>();
  readonly #pattern: GlobPattern;
  readonly #directories: GlobDirectories;
  readonly #limit: number;
  readonly #pending: Visit[] = [];
  /** Per identity of a directory that was reached through links: the states it was searched with. */
  readonly #visited = new Map<string, Set<number>>();

  constructor(pattern: GlobPattern, directories: GlobDirectories, limit: number) {
    this.#pattern = pattern;
    this.#directories = directories;
    this.#limit = limit;
  }

  begin(): void {
    const { relative, absolute } = this.#pattern;
    this.#pending.push({ path: "/", states: startStates(this.#pattern, absolute), linked: false });
    this.#pending.push({ path: "", states: startStates(this.#pattern, relative), linked: false });
  }

  /** Searches one directory. @returns false if none is left. */
  step(): boolean {
    const visit = this.#pending.pop();
    if (visit === undefined) return false;
    const states = visit.linked ? this.#newStates(visit) : visit.states;
    if (states.length > 0) this.#search({ ...visit, states });
    return true;
  }

  /** Returns the states that no visit of the same directory has had: there are fewer states than sets of them. */
  #newStates({ path, states }: Visit): readonly number[] {
    const identity = this.#directories.identity?.(path);
    if (identity === undefined) return states;
    const visited = this.#visited.get(identity) ?? new Set();
    this.#visited.set(identity, visited);
    const added = states.filter((state) => !visited.has(state));
    for (const state of added) visited.add(state);
    return added;
  }

  #search(visit: Visit): void {
    const { path: directory, states } = visit;
    const { nodes } = this.#pattern;
    const kinds = new Set(states.map((state) => nodes[state].kind));
    if (directory === "/" && kinds.has("end")) this.#add(directory);
    const literals = kinds.has("literal") ? this.#literals(states) : new Map<string, number[]>();
    const matched = kinds.has("wild") || kinds.has("deep") ? this.#matched(directory, states, literals) : [];
    // The last directory added is searched first: real directories before links.
    for (const child of matched) if (child.isLink) this.#arrive(visit, child);
    for (const child of matched) if (!child.isLink) this.#arrive(visit, child);
    for (const [name, after] of literals) this.#probe(visit, name, after);
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

  /** Listed before anything in it is entered: one directory is open at a time. Takes from `literals` what it finds. */
  #matched(directory: string, states: readonly number[], literals: Map<string, number[]>): Child[] {
    const children: Child[] = [];
    for (const { name, isDirectory, isLink } of this.#directories.list(directory)) {
      const after = step(this.#pattern, states, name, !isLink);
      if (after.length === 0) continue;
      // In the first place of a path it means a home directory, which is not this entry.
      if (directory !== "" || !name.startsWith("~")) literals.delete(name);
      if (isDirectory || isLink || endOf(this.#pattern, after)) {
        children.push({ name, isDirectory, isLink, states: after });
      }
    }
    return children;
  }

  #arrive(visit: Visit, { name, isDirectory, isLink = false, states }: Child): void {
    const path = this.#childPath(visit.path, name);
    const end = endOf(this.#pattern, states);
    if (end === "any" || (end === "folder" && (isDirectory || (isLink && this.#isDirectory(path))))) this.#add(path);
    if (isDirectory || isLink) this.#enterLater({ path, states, linked: visit.linked || isLink });
  }

  #probe(visit: Visit, name: string, states: readonly number[]): void {
    const path = joinPath(visit.path, name);
    const end = endOf(this.#pattern, states);
    if (end && (end === "any" ? this.#directories.exists(path) : this.#isDirectory(path))) this.#add(path);
    this.#enterLater({ path, states, linked: visit.linked });
  }

  #enterLater({ path, states, linked }: Visit): void {
    const rest = states.filter((state) => this.#pattern.nodes[state].kind !== "end");
    if (rest.length > 0) this.#pending.push({ path, states: rest, linked });
  }

  /** A name that was found and begins with "~" is no home directory. */
  #childPath(directory: string, name: string): string {
    return joinPath(directory === "" && name.startsWith("~") ? "." : directory, name);
  }

  #isDirectory(path: string): boolean {
    return this.#directories.exists(joinPath(path, "."));
  }

  #add(path: string): void {
    this.found.add(path);
    if (this.found.size <= this.#limit) return;
    throw new UserError(`Cannot expand ${quotePath(this.#pattern.text)}: it matches more than ${this.#limit} paths`, {
      hint: "Copy the directory with -r, and choose what is in it with --include and --exclude",
    });
  }
}
