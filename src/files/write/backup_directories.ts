/** The directories that `--backup-dir` keeps replaced files in. */

import type { TargetRoot } from "../engine/target_root.ts";
import { joinPath, splitRelativePath } from "../path/local_path.ts";
import { FileStat } from "../stat/file_stat.ts";
import { syncDirectoryNow } from "../target/sync.ts";
import type { EngineDirectory, TargetDirectory, WriterOptions } from "./target_directory.ts";

/** Permissions of new directories: those of the directories of the replaced files are unknown, and may be as strict. */
const MODE = 0o700;

/** Opens the directories of backups. Links in them are never followed. */
export class BackupDirectories<Name, Staged> {
  readonly #open: (options: WriterOptions) => EngineDirectory<Name, Staged>;
  readonly #options: WriterOptions;
  #directory: TargetDirectory<Name> | undefined;

  constructor(open: (options: WriterOptions) => EngineDirectory<Name, Staged>, options: WriterOptions) {
    this.#open = open;
    this.#options = options;
  }

  /**
   * Enters the directory for the backups of a directory, and creates it if necessary.
   *
   * @param path Path of the directory, relative to the root.
   * @returns undefined if the target of the root is new, so that it contains only files of this copy.
   * @throws {FileError}
   */
  enter(root: number, path: string): TargetDirectory<Name> | undefined {
    const { backups } = rootOf(this.#options.roots[root]);
    if (!backups) return undefined;
    const directory = this.#directory ??= this.#openFirst();
    const below = joinPath(backups.below, path);
    directory.enter(root, below, { create: true });
    const created = directory.takeCreated();
    const attributes = new FileStat();
    attributes.mode = MODE;
    for (const each of created.reverse()) {
      directory.enter(root, each.path, { create: false });
      directory.finish({ ...each, attributes });
      if (!this.#options.options.fsync) continue;
      directory.enter(root, splitRelativePath(each.path).directory, { create: false });
      syncDirectoryNow(directory.place);
    }
    if (created.length > 0) directory.enter(root, below, { create: false });
    return directory;
  }

  close(): void {
    this.#directory?.close();
    this.#directory = undefined;
  }

  #openFirst(): TargetDirectory<Name> {
    const { roots, options } = this.#options;
    return this.#open({
      roots: roots.map((root) => {
        const { backups } = rootOf(root);
        if (!backups) return root;
        const { directory: path, identity, within } = backups;
        return { kind: "folder", path, created: false, identity, within };
      }),
      options: { ...options, preserve: false, xattrs: false, acls: false, dirlinks: undefined },
    }).directory;
  }
}

function rootOf(root: TargetRoot): Exclude<TargetRoot, { kind: "device" }> | { backups?: undefined } {
  return root.kind === "device" ? {} : root;
}
