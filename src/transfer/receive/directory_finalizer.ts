/** Directories whose attributes are set at the end of a copy. */

import type { FileError } from "../../errors.ts";
import { rootPath } from "../../files/target/name.ts";
import { MAX_DIRECTORIES_TEXT } from "../../protocol/limits.ts";
import { TextBudget } from "../../protocol/control/texts.ts";
import type { DirectoryWriter, FinishedDirectory } from "../../files/engine/directory_writer.ts";
import type { TargetPlace } from "../../files/engine/target_place.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";

/** Values by root and path. The key is the path in the value, so that each path is in memory once. */
type ByPlace<T> = Map<number, Map<string, T>>;

/** Pending directories of one copy. */
export class DirectoryFinalizer {
  readonly #roots: readonly TargetRoot[];
  readonly #directories: ByPlace<FinishedDirectory> = new Map();
  /** With fsync: directories with entries that may have new names. */
  readonly #named: ByPlace<TargetPlace> | undefined;
  readonly #text: TextBudget;

  /** @param options.maxText maximum length of all paths and extended attributes together. */
  constructor(
    roots: readonly TargetRoot[],
    { fsync, maxText = MAX_DIRECTORIES_TEXT }: { fsync: boolean; maxText?: number },
  ) {
    this.#roots = roots;
    this.#text = new TextBudget(maxText, "directories");
    if (fsync) this.#named = new Map();
    this.add(roots.flatMap((root, index) => {
      // The directory of a root that does not exist has no identity: only existing entries are written.
      const { identity } = root;
      return root.kind === "folder" && root.created && identity
        ? [{ root: index, path: "", created: true, identity }]
        : [];
    }));
  }

  /**
   * Adds directories, or what is known of them from the sender and from this end.
   *
   * @throws {ProtocolError} code "bad-message" if paths and extended attributes exceed the limit.
   */
  add(directories: readonly FinishedDirectory[]): void {
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
        known.identity ??= directory.identity;
        known.attributes ??= directory.attributes;
        known.xattrs ??= directory.xattrs;
      }
      if (this.#named) this.addEntered(directory);
    }
  }

  /**
   * Adds a directory with new entries, and its parent, which may contain a new directory. Does nothing without fsync.
   *
   * @throws {ProtocolError} as `add`.
   */
  addEntered({ root, path }: TargetPlace): void {
    if (!this.#named) return;
    for (const place of [path, path.slice(0, Math.max(0, path.lastIndexOf("/")))]) {
      if (this.#named.get(root)?.has(place)) continue;
      this.#text.add(place.length);
      put(this.#named, { root, path: place });
    }
  }

  /** Yields all directories, and those that contain the roots. */
  *places(): Generator<TargetPlace> {
    const seen = new Set<string>();
    for (const [root, target] of this.#roots.entries()) {
      const path = rootPath(target);
      if (!seen.has(path)) yield { root, path: "" };
      seen.add(path);
    }
    for (const { root, path } of all(this.#directories)) if (path !== "") yield { root, path };
  }

  /**
   * Sets the attributes of directories, and flushes them with fsync.
   *
   * @param options.isShard whether other shards may be writing into the directories: then only permissions that were extended
   * are restored.
   * @returns the failures.
   */
  async finish(writer: DirectoryWriter, { isShard = false } = {}): Promise<FileError[]> {
    const failures = writer.finish([...isShard ? this.#extended() : all(this.#directories)]);
    if (this.#named) failures.push(...await writer.sync(all(this.#named)));
    return failures;
  }

  /** Yields the existing directories whose permissions were extended. */
  *#extended(): Generator<FinishedDirectory> {
    for (const { root, path, created, mode, identity } of all(this.#directories)) {
      if (!created && mode !== undefined) yield { root, path, created, mode, identity };
    }
  }
}

function put<T extends TargetPlace>(places: ByPlace<T>, value: T): void {
  const ofRoot = places.get(value.root);
  if (ofRoot) ofRoot.set(value.path, value);
  else places.set(value.root, new Map([[value.path, value]]));
}

function* all<T>(places: ByPlace<T>): Generator<T> {
  for (const ofRoot of places.values()) yield* ofRoot.values();
}
