/** Finds and removes entries of a target that the source lacks. */

import type { ExtraOptions, RemovedExtras } from "../engine/directory_writer.ts";
import type { TargetPlace } from "../engine/target_place.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import type { GlobEntry } from "../glob/expand.ts";
import { joinPath } from "../path/local_path.ts";
import { foldedName } from "../path/name_rules.ts";
import { isPrivateName } from "../path/private_names.ts";
import type { AtomicWriter } from "./atomic_writer.ts";
import { EntryRemover, type Steps } from "./entry_remover.ts";

/** Number of listed entries after which others may work: asking for each would cost more than the look-up of its name. */
const TURN = 128;

/** Removes the extra entries of all roots. */
export class ExtraRemover<Name, Staged> {
  readonly #roots: readonly TargetRoot[];
  readonly #options: ExtraOptions;
  readonly #remover: EntryRemover<Name, Staged>;
  /** Paths of the roots that are directories. Each of them is searched once. */
  readonly #rootPaths = new Set<string>();

  constructor(writer: AtomicWriter<Name, Staged>, options: ExtraOptions) {
    this.#roots = writer.roots;
    this.#options = options;
    this.#remover = new EntryRemover(writer, options);
  }

  async run(): Promise<RemovedExtras> {
    const { names } = this.#options;
    const searched = [...this.#roots.entries()].filter(([, root]) => {
      if (!isSearched(root) || this.#rootPaths.has(root.path) || !names.hasDirectory(root.path)) return false;
      this.#rootPaths.add(root.path);
      return true;
    });
    for (const [root] of searched) {
      for (const wait of this.#searchRoot(root)) if (wait) await wait;
    }
    return this.#remover.result;
  }

  /** Removes extra entries from the directories of a root that the source listed. */
  *#searchRoot(root: number): Steps {
    const pending = [""];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const place = { root, path };
      try {
        if (path !== "") this.#remover.checkListed(place);
        for (const name of yield* this.#search(place)) pending.push(joinPath(path, name));
      } catch (error) {
        this.#remover.fail(place, error);
      }
    }
  }

  /** Removes extra entries from a directory. @returns the names of directories that the source listed, too. */
  *#search(place: TargetPlace): Steps<string[]> {
    const { names, yieldIfDue } = this.#options;
    const directory = this.#remover.textOf(place);
    const directories: string[] = [];
    const aliases = new Map<string, GlobEntry[]>();
    let count = 0;
    for (const entry of this.#remover.list(place)) {
      if (++count % TURN === 0) yield yieldIfDue();
      if (isPrivateName(entry.name)) continue;
      const found = names.find(directory, entry.name);
      if (found === "missing") yield* this.#remover.remove(place.root, place.path, entry);
      else if (found === "alias") {
        const key = foldedName(entry.name);
        aliases.set(key, [...aliases.get(key) ?? [], entry]);
      } else if (entry.isDirectory) {
        const path = joinPath(directory, entry.name);
        if (names.hasDirectory(path) && !this.#rootPaths.has(path)) directories.push(entry.name);
      }
    }
    if (aliases.size > 0) yield* this.#removeDistinct(place, aliases);
    return directories;
  }

  /** Removes the aliases that exist beside the entry of the source: the file system distinguishes them. */
  *#removeDistinct(place: TargetPlace, aliases: Map<string, GlobEntry[]>): Steps {
    const { names, yieldIfDue } = this.#options;
    const directory = this.#remover.textOf(place);
    for (const { name } of this.#remover.list(place)) {
      yield yieldIfDue();
      const entries = aliases.get(foldedName(name));
      if (!entries || names.find(directory, name) !== "listed") continue;
      for (const entry of entries) yield* this.#remover.remove(place.root, place.path, entry);
      aliases.delete(foldedName(name));
    }
  }
}

/** Returns whether extra entries of a root are removed: those of a directory that is not its own source. */
function isSearched(root: TargetRoot): root is Extract<TargetRoot, { kind: "folder" }> {
  return root.kind === "folder" && !root.refused && !root.same;
}
