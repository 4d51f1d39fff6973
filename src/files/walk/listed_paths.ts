/**
 * Paths below a root that are copied instead of everything in it, as a tree. The directories above them are copied too, but
 * the root only if it is listed itself.
 */

import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { ListedName, NameBudget } from "./listed_name.ts";

/** Maximum number of names that are given to each thread of a receiver. */
const MAX_NAMES = 10_000;

/** Options of listed paths. */
export interface ListedOptions {
  /** Whether a listed directory is copied with everything in it, or else alone. */
  deep: boolean;
  /** Whether the user has named the paths as sources, which no rule excludes. Default: no. */
  named?: boolean;
  /** Counts the names of several roots together. Default: those of this root. */
  budget?: NameBudget;
}

/** Listed paths of one root. */
export class ListedPaths {
  /** Paths that leave the root. None of them is copied. */
  readonly outside: string[] = [];
  readonly #top = new ListedName();
  readonly #deep: boolean;
  readonly #named: boolean;

  private constructor({ deep, named = false }: ListedOptions) {
    this.#deep = deep;
    this.#named = named;
  }

  /**
   * Builds the tree, and yields to the event loop.
   *
   * @param paths paths relative to the root. A slash at the start is ignored, and "." and ".." are resolved as text.
   * @throws {UserError} if there are too many names.
   */
  static async from(
    paths: Iterable<string>,
    { budget = new NameBudget(), ...options }: ListedOptions,
  ): Promise<ListedPaths> {
    const listed = new ListedPaths(options);
    const yielder = new EventLoopYielder();
    try {
      for (const path of paths) {
        listed.#add(path, budget);
        const wait = yielder.yieldIfDue();
        if (wait) await wait;
      }
    } finally {
      yielder.close();
    }
    return listed;
  }

  /** Names directly in the root that are copied; undefined for all, or if there are very many. */
  get names(): ReadonlySet<string> | undefined {
    const { isListed, size } = this.#top;
    return (isListed && this.#deep) || size > MAX_NAMES ? undefined : namesBelow(this.#top);
  }

  /** Returns the level of the root. Levels keep what a walk has found, so each walk needs its own. */
  top(): ListedLevel {
    return new ListedLevel(this.#top, { deep: this.#deep, named: this.#named, everything: false });
  }

  #add(path: string, budget: NameBudget): void {
    const names: string[] = [];
    for (const name of path.split("/")) {
      if (name === "" || name === ".") continue;
      if (name !== "..") names.push(name);
      else if (names.pop() === undefined) {
        this.outside.push(path);
        return;
      }
    }
    let node = this.#top;
    for (const name of names) node = node.add(name, budget);
    node.isListed = true;
  }
}

/** The listed names in a directory of a walk. */
export class ListedLevel {
  readonly #name: ListedName | undefined;
  readonly #deep: boolean;
  readonly #named: boolean;
  /** Whether everything in the directory is copied. */
  readonly #everything: boolean;
  readonly #unseen: Set<string>;

  /** @param name undefined if no path below the directory is listed. */
  constructor(
    name: ListedName | undefined,
    { deep, named, everything }: { deep: boolean; named: boolean; everything: boolean },
  ) {
    this.#name = name;
    this.#deep = deep;
    this.#named = named;
    this.#everything = everything || (deep && name?.isListed === true);
    this.#unseen = name ? namesBelow(name) : new Set();
  }

  /** Whether nothing in the directory is copied. */
  get isEmpty(): boolean {
    return !this.#everything && this.#unseen.size === 0;
  }

  /** Notes an entry that the walk has found. Returns whether it may be copied. */
  find(name: string): boolean {
    return this.#unseen.delete(name) || this.#everything;
  }

  /** Returns the level of a directory in this one. */
  below(name: string): ListedLevel {
    const [deep, named] = [this.#deep, this.#named];
    return new ListedLevel(this.#name?.get(name), { deep, named, everything: this.#everything });
  }

  /** Whether the directory itself is listed, or is in a listed one. */
  get isListed(): boolean {
    return this.#everything || this.#name?.isListed === true;
  }

  /** Whether the directory is above a source that the user has named. */
  get isAboveSource(): boolean {
    return this.#named && !this.#everything;
  }

  /** Returns whether an entry is a source that the user has named, or above one. */
  isNamed(name: string): boolean {
    return this.#named && this.#name?.get(name) !== undefined;
  }

  /**
   * Returns the listed paths that need an entry to be a directory, relative to this directory, and whether the entry itself
   * is copied if it is none.
   */
  obstructed(name: string): { paths: Iterable<string>; isCopied: boolean } {
    const child = this.#name?.get(name);
    if (!child) return { paths: [], isCopied: true };
    return {
      paths: pathsBelow(child, name, { itself: false }),
      isCopied: this.#everything || child.isListed,
    };
  }

  /** Returns the listed paths that were not found, relative to this directory. */
  *missing(): Generator<string, void> {
    for (const name of this.#unseen) yield* pathsBelow(this.#name!.get(name)!, name);
  }
}

function namesBelow(name: ListedName): Set<string> {
  const names = new Set<string>();
  for (const [below] of name.children()) names.add(below);
  return names;
}

/** Yields the listed paths at a name, unless `itself` is false, and below it. Paths have any depth, so it is not recursive. */
function* pathsBelow(top: ListedName, name: string, { itself = true } = {}): Generator<string, void> {
  const pending = [{ node: top, path: name }];
  for (let at = pending.pop(); at; at = pending.pop()) {
    const { node, path } = at;
    if (node.isListed && (itself || node !== top)) yield path;
    for (const [child, below] of node.children()) pending.push({ node: below, path: `${path}/${child}` });
  }
}
