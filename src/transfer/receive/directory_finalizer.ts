/** Directories below the targets, from which something is still wanted at the end of a copy. */

import type { FileError } from "../../errors.ts";
import { rootPath } from "../../files/target/name.ts";
import { MAX_DIRECTORIES_TEXT } from "../../protocol/limits.ts";
import { TextBudget } from "../../protocol/control/texts.ts";
import type { DirectoryPlace, DirectoryWriter, FinishedDirectory } from "../../files/engine/target.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";

/** Values by root and path. The key is the path of the value itself, so that each path is in memory once. */
type ByPlace<T> = Map<number, Map<string, T>>;

/** See above. */
export class DirectoryFinalizer {
  readonly #roots: readonly TargetRoot[];
  readonly #directories: ByPlace<FinishedDirectory> = new Map();
  /** Where they have to be brought to the disk: those in which something may have a new name. */
  readonly #named: ByPlace<DirectoryPlace> | undefined;
  readonly #text: TextBudget;

  /** @param options.mostText maximum length of all paths and extended attributes together. */
  constructor(
    roots: readonly TargetRoot[],
    { fsync, mostText = MAX_DIRECTORIES_TEXT }: { fsync: boolean; mostText?: number },
  ) {
    this.#roots = roots;
    this.#text = new TextBudget(mostText, "directories");
    if (fsync) this.#named = new Map();
    this.touch(roots.flatMap((root, index) => {
      return root.kind === "folder" && root.created ? [{ root: index, path: "", created: true }] : [];
    }));
  }

  /**
   * Puts together what is known of directories from both sides.
   *
   * @throws {ProtocolError} code "bad-message" if paths and extended attributes exceed the limit.
   */
  touch(directories: readonly FinishedDirectory[]): void {
    for (const directory of directories) {
      const root = this.#roots[directory.root];
      if (root?.kind === "folder" && root.continued) directory.continued = true;
      const known = this.#directories.get(directory.root)?.get(directory.path);
      if (!known) this.#text.add(directory.path.length);
      if (!known?.xattrs) this.#text.add(directory.xattrs?.length ?? 0);
      if (!known) put(this.#directories, directory);
      else {
        known.created ||= directory.created;
        known.mode ??= directory.mode;
        known.attributes ??= directory.attributes;
        known.xattrs ??= directory.xattrs;
      }
      if (this.#named) this.entered(directory);
    }
  }

  /**
   * Something was written in this directory, or may have been: it, and the directory that it is in itself, are changed.
   *
   * @throws {ProtocolError} as `touch`.
   */
  entered({ root, path }: DirectoryPlace): void {
    if (!this.#named) return;
    for (const place of [path, path.slice(0, Math.max(0, path.lastIndexOf("/")))]) {
      if (this.#named.get(root)?.has(place)) continue;
      this.#text.add(place.length);
      put(this.#named, { root, path: place });
    }
  }

  /** All of them, and those that roots lie in. */
  *places(): Generator<DirectoryPlace> {
    const seen = new Set<string>();
    for (const [root, target] of this.#roots.entries()) {
      const path = rootPath(target);
      if (!seen.has(path)) yield { root, path: "" };
      seen.add(path);
    }
    for (const { root, path } of all(this.#directories)) if (path !== "") yield { root, path };
  }

  /** Gives them their attributes, and brings them to the disk where that is wanted. @returns what failed. */
  async finish(writer: DirectoryWriter): Promise<FileError[]> {
    const failures = writer.finish([...all(this.#directories)]);
    if (this.#named) failures.push(...await writer.sync(all(this.#named)));
    return failures;
  }
}

function put<T extends DirectoryPlace>(places: ByPlace<T>, value: T): void {
  const ofRoot = places.get(value.root);
  if (ofRoot) ofRoot.set(value.path, value);
  else places.set(value.root, new Map([[value.path, value]]));
}

function* all<T>(places: ByPlace<T>): Generator<T> {
  for (const ofRoot of places.values()) yield* ofRoot.values();
}
