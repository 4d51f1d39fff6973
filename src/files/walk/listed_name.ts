/** Listed paths as a tree of names. */

import { UserError } from "../../errors.ts";
import { grouped } from "../../protocol/control/texts.ts";
import { MAX_PATH_NAMES } from "../../protocol/limits.ts";

/** Counts the names in all trees of a copy. */
export class NameBudget {
  readonly #limit: number;
  #left: number;

  constructor(limit = MAX_PATH_NAMES) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Counts one more name. @throws {UserError} if there are too many. */
  take(): void {
    if (this.#left-- > 0) return;
    throw new UserError(
      `Cannot copy all listed paths at once: together, they contain more than ${grouped(this.#limit)} different ` +
        "files and directories",
      { hint: "Copy them in several runs" },
    );
  }
}

/** A name in a listed path. Most names have at most one name below them, which takes less memory than a map. */
export class ListedName {
  /** Whether a path ends here. */
  isListed = false;
  #children: [name: string, child: ListedName] | Map<string, ListedName> | undefined;

  /** Number of names below. */
  get size(): number {
    return this.#children instanceof Map ? this.#children.size : this.#children ? 1 : 0;
  }

  get(name: string): ListedName | undefined {
    if (this.#children instanceof Map) return this.#children.get(name);
    return this.#children?.[0] === name ? this.#children[1] : undefined;
  }

  /** Returns a name below. Adds it if it is missing. @throws {UserError} if there are too many names. */
  add(name: string, budget: NameBudget): ListedName {
    const existing = this.get(name);
    if (existing) return existing;
    budget.take();
    const child = new ListedName();
    if (!this.#children) this.#children = [name, child];
    else {
      if (!(this.#children instanceof Map)) this.#children = new Map([this.#children]);
      this.#children.set(name, child);
    }
    return child;
  }

  /** Returns the names below, in the order in which they were added. */
  children(): Iterable<[name: string, child: ListedName]> {
    if (this.#children instanceof Map) return this.#children;
    return this.#children ? [this.#children] : [];
  }
}
