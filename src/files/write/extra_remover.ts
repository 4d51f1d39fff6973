/** Finds and removes entries of a target that the source lacks. */

import type { ExtraOptions, RemovedExtras, TargetPlace } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import type { GlobEntry } from "../glob/expand.ts";
import { joinPath } from "../path/local_path.ts";
import { foldedName } from "../path/name_rules.ts";
import { isPrivateName } from "../path/private_names.ts";
import type { AtomicWriter } from "./atomic_writer.ts";
import { EntryRemover, type Steps } from "./entry_remover.ts";

/** Entries of a directory that the source listed. */
interface Listed {
  extras: GlobEntry[];
  /** Directories that the source listed too. */
  directories: string[];
}

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
    const remover = this.#remover;
    const pending = [""];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const place = { root, path };
      const listed = yield* remover.attempt(place, () => this.#list(place), { extras: [], directories: [] });
      for (const extra of listed.extras) yield* remover.remove(root, path, extra);
      for (const name of listed.directories) pending.push(joinPath(path, name));
    }
  }

  /** Sorts the entries of a directory. */
  *#list(place: TargetPlace): Steps<Listed> {
    const { names, yieldIfDue } = this.#options;
    const directory = this.#remover.textOf(place);
    const listed: Listed = { extras: [], directories: [] };
    const aliases = new Map<string, GlobEntry[]>();
    for (const entry of this.#remover.list(place)) {
      yield yieldIfDue();
      if (isPrivateName(entry.name)) continue;
      const found = names.find(directory, entry.name);
      const text = joinPath(directory, entry.name);
      if (found === "missing") listed.extras.push(entry);
      else if (found === "alias") {
        const key = foldedName(entry.name);
        aliases.set(key, [...aliases.get(key) ?? [], entry]);
      } else if (entry.isDirectory && names.hasDirectory(text) && !this.#rootPaths.has(text)) {
        listed.directories.push(entry.name);
      }
    }
    if (aliases.size > 0) yield* this.#addDistinct(place, aliases, listed);
    return listed;
  }

  /** Adds the aliases that exist beside the entry of the source: the file system distinguishes them. */
  *#addDistinct(place: TargetPlace, aliases: Map<string, GlobEntry[]>, { extras }: Listed): Steps {
    const { names, yieldIfDue } = this.#options;
    const directory = this.#remover.textOf(place);
    for (const { name } of this.#remover.list(place)) {
      yield yieldIfDue();
      const entries = aliases.get(foldedName(name));
      if (!entries || names.find(directory, name) !== "listed") continue;
      extras.push(...entries);
      aliases.delete(foldedName(name));
    }
  }
}

/** Returns whether extra entries of a root are removed: those of a directory that is not its own source. */
function isSearched(root: TargetRoot): root is Extract<TargetRoot, { kind: "folder" }> {
  return root.kind === "folder" && !root.refused && !root.same;
}
