/**
 * Paths below a root that are copied instead of everything in it, as a tree. The directories above them are copied too, but
 * the root only if it is listed itself.
 */

/** Maximum number of names that are given to each thread of a receiver. */
const MAX_NAMES = 10_000;

/** A name in a listed path. */
interface ListedName {
  readonly children: Map<string, ListedName>;
  /** Whether a path ends here. */
  isListed: boolean;
}

/** Listed paths of one root. */
export class ListedPaths {
  /** Paths that leave the root. None of them is copied. */
  readonly outside: string[] = [];
  readonly #top: ListedName = newName();
  readonly #deep: boolean;
  readonly #named: boolean;

  /**
   * @param paths paths relative to the root. A slash at the start is ignored, and "." and ".." are resolved as text.
   * @param options.deep whether a listed directory is copied with everything in it, or else alone.
   * @param options.named whether the user has named the paths as sources, which no rule excludes. Default: no.
   */
  constructor(paths: Iterable<string>, { deep, named = false }: { deep: boolean; named?: boolean }) {
    this.#deep = deep;
    this.#named = named;
    for (const path of paths) this.#add(path);
  }

  /** Names directly in the root that are copied; undefined for all, or if there are very many. */
  get names(): ReadonlySet<string> | undefined {
    const { children, isListed } = this.#top;
    return (isListed && this.#deep) || children.size > MAX_NAMES ? undefined : new Set(children.keys());
  }

  /** Returns the level of the root. Levels keep what a walk has found, so each walk needs its own. */
  top(): ListedLevel {
    return new ListedLevel(this.#top, { deep: this.#deep, named: this.#named, everything: false });
  }

  #add(path: string): void {
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
    for (const name of names) {
      const next = node.children.get(name) ?? newName();
      node.children.set(name, next);
      node = next;
    }
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
    this.#unseen = new Set(name?.children.keys());
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
    return new ListedLevel(this.#name?.children.get(name), { deep, named, everything: this.#everything });
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
    return this.#named && this.#name?.children.has(name) === true;
  }

  /**
   * Returns the listed paths that need an entry to be a directory, relative to this directory, and whether the entry itself
   * is copied if it is none.
   */
  obstructed(name: string): { paths: string[]; isCopied: boolean } {
    const child = this.#name?.children.get(name);
    if (!child) return { paths: [], isCopied: true };
    return {
      paths: [...pathsBelow(child, name)].filter((path) => path !== name),
      isCopied: this.#everything || child.isListed,
    };
  }

  /** Returns the listed paths that were not found, relative to this directory. */
  *missing(): Generator<string, void> {
    for (const name of this.#unseen) yield* pathsBelow(this.#name!.children.get(name)!, name);
  }
}

function newName(): ListedName {
  return { children: new Map(), isListed: false };
}

/** Yields the listed paths at a name and below it. Paths have any depth, so it is not recursive. */
function* pathsBelow(top: ListedName, name: string): Generator<string, void> {
  const pending = [{ node: top, path: name }];
  for (let at = pending.pop(); at; at = pending.pop()) {
    const { node, path } = at;
    if (node.isListed) yield path;
    for (const [child, below] of node.children) pending.push({ node: below, path: `${path}/${child}` });
  }
}
