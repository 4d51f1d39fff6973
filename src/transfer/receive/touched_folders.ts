/** Folders below the targets, from which something is still wanted at the end of a copy. */

import type { FileError } from "../../errors.ts";
import { rootFolder } from "../../files/target/name.ts";
import { MAX_DIRECTORIES_TEXT } from "../../protocol/limits.ts";
import { TextBudget } from "../../protocol/control/texts.ts";
import type { FinishedFolder, FolderPlace, TargetWriter } from "../../files/engine/target.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";

/** Values by root and path. The key is the path of the value itself, so that each path is in memory once. */
type ByPlace<T> = Map<number, Map<string, T>>;

/** See above. */
export class TouchedFolders {
  readonly #roots: readonly TargetRoot[];
  readonly #folders: ByPlace<FinishedFolder> = new Map();
  /** Where they have to be brought to the disk: those in which something may have a new name. */
  readonly #named: ByPlace<FolderPlace> | undefined;
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
   * Puts together what is known of folders from both sides.
   *
   * @throws {ProtocolError} code "bad-message" if paths and extended attributes exceed the limit.
   */
  touch(folders: readonly FinishedFolder[]): void {
    for (const folder of folders) {
      const root = this.#roots[folder.root];
      if (root?.kind === "folder" && root.continued) folder.continued = true;
      const known = this.#folders.get(folder.root)?.get(folder.path);
      if (!known) this.#text.add(folder.path.length);
      if (!known?.xattrs) this.#text.add(folder.xattrs?.length ?? 0);
      if (!known) put(this.#folders, folder);
      else {
        known.created ||= folder.created;
        known.mode ??= folder.mode;
        known.attributes ??= folder.attributes;
        known.xattrs ??= folder.xattrs;
      }
      if (this.#named) this.entered(folder);
    }
  }

  /**
   * Something was written in this folder, or may have been: it, and the folder that it is in itself, are changed.
   *
   * @throws {ProtocolError} as `touch`.
   */
  entered({ root, path }: FolderPlace): void {
    if (!this.#named) return;
    for (const place of [path, path.slice(0, Math.max(0, path.lastIndexOf("/")))]) {
      if (this.#named.get(root)?.has(place)) continue;
      this.#text.add(place.length);
      put(this.#named, { root, path: place });
    }
  }

  /** All of them, and those that roots lie in. */
  *places(): Generator<FolderPlace> {
    const seen = new Set<string>();
    for (const [root, target] of this.#roots.entries()) {
      const path = rootFolder(target);
      if (!seen.has(path)) yield { root, path: "" };
      seen.add(path);
    }
    for (const { root, path } of all(this.#folders)) if (path !== "") yield { root, path };
  }

  /** Gives them their attributes, and brings them to the disk where that is wanted. @returns what failed. */
  async finish(writer: TargetWriter): Promise<FileError[]> {
    const failures = writer.finishFolders([...all(this.#folders)]);
    if (this.#named) failures.push(...await writer.syncFolders(all(this.#named)));
    return failures;
  }
}

function put<T extends FolderPlace>(places: ByPlace<T>, value: T): void {
  const ofRoot = places.get(value.root);
  if (ofRoot) ofRoot.set(value.path, value);
  else places.set(value.root, new Map([[value.path, value]]));
}

function* all<T>(places: ByPlace<T>): Generator<T> {
  for (const ofRoot of places.values()) yield* ofRoot.values();
}
