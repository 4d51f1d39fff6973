/** Finds the paths on this machine that match a pattern. */

import { quotePath, UserError } from "../../errors.ts";
import { MAX_PLAIN_ROOTS } from "../../protocol/limits.ts";
import { joinPath } from "../path/local_path.ts";
import { endOf, type GlobPattern, startStates, step } from "./pattern.ts";

/** An entry of a directory. */
export interface GlobEntry {
  name: string;
  /** Whether it is a directory, not a link to one. */
  isDirectory: boolean;
  /** Whether it is a symbolic link, which `*` follows and `**` does not. */
  isLink?: boolean;
}

/**
 * File operations of the expansion. Paths are as in the pattern: relative, absolute or with "~". "" is the directory that
 * relative paths start from.
 */
export interface GlobDirectories {
  /** Returns the entries except "." and ".."; nothing if the path is not a readable directory. Always read to the end. */
  list(path: string): Iterable<GlobEntry>;
  /** Returns whether a file exists, including a dangling link; false if unknown. */
  exists(path: string): boolean;
  /** Returns the identity of a directory, following links; undefined if unknown. Default: unknown. */
  identity?(path: string): string | undefined;
}

/** Options for expanding a pattern. */
export interface ExpandOptions {
  /** Maximum number of paths. Default: 65,535. */
  limit?: number;
  /** Called per directory. May yield to the event loop, or throw to end the search. */
  turn?: () => void | Promise<void>;
}

/**
 * Returns the matching paths, sorted by UTF-16 code units, without duplicates. If there are none, the caller decides whether
 * the text is a path itself. Alternatives without wildcards must exist, too. Each directory is listed once. A directory
 * that symbolic links point to is searched once per state of the pattern, which bounds the work for loops of links.
 *
 * @throws {UserError} For more than `limit` paths.
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

/** An entry of a directory, and the states after it. */
interface Child extends GlobEntry {
  states: number[];
}

class Search {
  readonly found = new Set<string>();
  readonly #pattern: GlobPattern;
  readonly #directories: GlobDirectories;
  readonly #limit: number;
  readonly #pending: Visit[] = [];
  /** States with which each directory behind a link was searched, by identity. */
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

  /** Returns the states that no earlier visit of the same directory had. */
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
    for (const child of matched) if (child.isLink) this.#addChild(visit, child);
    for (const child of matched) if (!child.isLink) this.#addChild(visit, child);
    for (const [name, after] of literals) this.#probe(visit, name, after);
  }

  /**
   * Returns the literal names of the pattern in these states. They need no listing, which may be long or not permitted. If
   * `**` matches such a name too, only the listing shows whether it is a directory to enter.
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

  /** Returns the matching entries, and removes them from `literals`. The listing ends before an entry is searched. */
  #matched(directory: string, states: readonly number[], literals: Map<string, number[]>): Child[] {
    const children: Child[] = [];
    for (const { name, isDirectory, isLink } of this.#directories.list(directory)) {
      const after = step(this.#pattern, states, name, !isLink);
      if (after.length === 0) continue;
      // At the start of a path, "~" means a home directory, not this entry.
      if (directory !== "" || !name.startsWith("~")) literals.delete(name);
      if (isDirectory || isLink || endOf(this.#pattern, after)) {
        children.push({ name, isDirectory, isLink, states: after });
      }
    }
    return children;
  }

  #addChild(visit: Visit, { name, isDirectory, isLink = false, states }: Child): void {
    const path = this.#childPath(visit.path, name);
    const end = endOf(this.#pattern, states);
    if (end === "any" || (end === "directory" && (isDirectory || (isLink && this.#isDirectory(path))))) this.#add(path);
    if (isDirectory || isLink) this.#enqueue({ path, states, linked: visit.linked || isLink });
  }

  #probe(visit: Visit, name: string, states: readonly number[]): void {
    const path = joinPath(visit.path, name);
    const end = endOf(this.#pattern, states);
    if (end && (end === "any" ? this.#directories.exists(path) : this.#isDirectory(path))) this.#add(path);
    this.#enqueue({ path, states, linked: visit.linked });
  }

  #enqueue({ path, states, linked }: Visit): void {
    const rest = states.filter((state) => this.#pattern.nodes[state].kind !== "end");
    if (rest.length > 0) this.#pending.push({ path, states: rest, linked });
  }

  /** Returns the path of an entry. An entry that starts with "~" is not a home directory. */
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
      hint: "Copy the directory with -r, and select files in it with --include and --exclude",
    });
  }
}
