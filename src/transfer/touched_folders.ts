/** Folders below the targets, from which something is still wanted at the end of a copy. */

import type { FileError } from "../errors.ts";
import { rootFolder } from "../files/target_name.ts";
import type { FinishedFolder, FolderPlace, TargetRoot, TargetWriter } from "../files/engine.ts";

/** See above. */
export class TouchedFolders {
  readonly #roots: readonly TargetRoot[];
  readonly #folders = new Map<string, FinishedFolder>();
  /** Where they have to be brought to the disk: those in which something may have a new name. */
  readonly #named: Map<string, FolderPlace> | undefined;

  constructor(roots: readonly TargetRoot[], { fsync }: { fsync: boolean }) {
    this.#roots = roots;
    if (fsync) this.#named = new Map();
    this.touch(roots.flatMap((root, index) => {
      return root.kind === "folder" && root.created ? [{ root: index, path: "", created: true }] : [];
    }));
  }

  /** Puts together what is known of folders from both sides. */
  touch(folders: readonly FinishedFolder[]): void {
    for (const folder of folders) {
      const root = this.#roots[folder.root];
      if (root?.kind === "folder" && root.continued) folder.continued = true;
      const known = this.#folders.get(keyOf(folder));
      if (!known) this.#folders.set(keyOf(folder), folder);
      else {
        known.created ||= folder.created;
        known.mode ??= folder.mode;
        known.attributes ??= folder.attributes;
        known.xattrs ??= folder.xattrs;
      }
      if (this.#named) this.entered(folder);
    }
  }

  /** Something was written in this folder, or may have been: it, and the folder that it is in itself, are changed. */
  entered({ root, path }: FolderPlace): void {
    if (!this.#named) return;
    for (const place of [path, path.slice(0, Math.max(0, path.lastIndexOf("/")))]) {
      this.#named.set(keyOf({ root, path: place }), { root, path: place });
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
    for (const { root, path } of this.#folders.values()) if (path !== "") yield { root, path };
  }

  /** Gives them their attributes, and brings them to the disk where that is wanted. @returns what failed. */
  async finish(writer: TargetWriter): Promise<FileError[]> {
    const failures = writer.finishFolders([...this.#folders.values()]);
    if (this.#named) failures.push(...await writer.syncFolders(this.#named.values()));
    return failures;
  }
}

function keyOf({ root, path }: FolderPlace): string {
  return `${root}/${path}`;
}
