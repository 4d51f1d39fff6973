/** Directories below a root whose entries are removed, by path. A change directly before a call can go unnoticed. */

import { FileError } from "../../errors.ts";
import { hasEscapedBytes } from "../../protocol/names.ts";
import type { DirectoryLister } from "../engine/directory_lister.ts";
import type { DirectoryTree } from "../engine/engine.ts";
import { joinPath } from "../path/local_path.ts";
import { codeOf, failedDeno, FileCode } from "../stat/file_failure.ts";
import type { FileStat } from "../stat/file_stat.ts";
import { statExisting } from "./stat.ts";

/** A lister that knows the path of its directory. */
type PlacedLister = DirectoryLister & { readonly directory: string };

export class PortableTree implements DirectoryTree {
  readonly lister: PlacedLister;

  constructor(lister: PlacedLister) {
    this.lister = lister;
  }

  get place(): string {
    return this.lister.directory;
  }

  statEntry(name: string, options: { follow: boolean }): FileStat | undefined {
    const path = this.#pathOf("examine", name);
    try {
      return statExisting(path, options);
    } catch (error) {
      throw failedDeno("examine", name, error);
    }
  }

  unlink(name: string, shown: string): void {
    try {
      Deno.removeSync(this.#pathOf("remove", name, shown));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw failedDeno("remove", shown, error);
    }
  }

  close(): void {
    this.lister.closeDirectory();
  }

  #pathOf(operation: string, name: string, shown = name): string {
    if (!hasEscapedBytes(name)) return joinPath(this.place, name);
    throw new FileError(operation, shown, "its name is not UTF-8", { code: FileCode.notText });
  }
}
