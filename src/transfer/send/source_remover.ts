/**
 * Removes sources whose copies are confirmed (`--remove-source-files`). Entries are removed below the open directory, which
 * is reached without following links below its root. An entry that has changed since the walk stays.
 */

import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { FileError, quotePath } from "../../errors.ts";
import type { DirectoryTree, FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { baseName, directoryOf, joinPath } from "../../files/path/local_path.ts";
import { fileVersion } from "../../files/stat/file_change.ts";
import { UNKNOWN_FILE } from "../../files/stat/file_identity.ts";
import { FileKind, type FileStat } from "../../files/stat/file_stat.ts";
import { isWithin, pointsOutside } from "../../files/target/confinement.ts";
import { grouped } from "../../protocol/control/texts.ts";
import { RecordType } from "../../protocol/data/records.ts";
import type { ConfirmedEntry, ConfirmedSources } from "./confirmed_sources.ts";

/** Callbacks and settings of a removal. */
export interface RemovalHost {
  files: FileEngine;
  roots: readonly SourceRoot[];
  /** Whether symbolic links below the roots were followed. */
  follow: boolean;
  failed(error: FileError): void;
  note(message: string): void;
  /** Called often, and awaited. */
  turn(): Promise<void> | void;
}

/** Removes the entries. @returns the number of removed entries. */
export async function removeSources(confirmed: ConfirmedSources, host: RemovalHost): Promise<number> {
  const remover = new SourceRemover(host);
  const yielder = new EventLoopYielder();
  try {
    // Hard links come last: their files show whether they are unchanged.
    for (const links of confirmed.hasHardLinks ? [false, true] : [false]) {
      for (const entry of confirmed.entries()) {
        if ((entry.type === RecordType.hardlink) !== links) continue;
        remover.remove(entry);
        await (host.turn() ?? yielder.yieldIfDue());
      }
    }
  } finally {
    remover.close();
    yielder.close();
  }
  remover.note();
  return remover.removed;
}

/** Size and time of a removed file that has other names. */
type Contents = Pick<FileStat, "size" | "mtime" | "mtimeNs">;

class SourceRemover {
  /** Number of removed entries. */
  removed = 0;
  readonly #host: RemovalHost;
  /** The open tree, and its current directory. */
  #open?: { key: string; root: SourceRoot; tree: DirectoryTree; directory?: string; failure?: FileError };
  /** Removed files with further names, by device and inode. Removing a name changes the ctime of the others. */
  readonly #linked = new Map<string, Contents>();
  readonly #changed = new StayingEntries();
  readonly #throughLinks = new StayingEntries();

  constructor(host: RemovalHost) {
    this.#host = host;
  }

  close(): void {
    this.#open?.tree.close();
    this.#open = undefined;
  }

  /** Removes an entry unless it has changed. Reports a failure. */
  remove(entry: ConfirmedEntry): void {
    const source = this.#host.roots[entry.root];
    const path = joinPath(source.path, joinPath(entry.directory, entry.name));
    try {
      const tree = this.#enter(source, entry.directory);
      const name = entry.name === "" ? baseName(source.path) : entry.name;
      const stat = tree.statEntry(name, { follow: false });
      if (!stat) return;
      if (!this.#isUnchanged(entry, stat, tree, name)) return this.#changed.add(path);
      tree.unlink(name);
      this.removed++;
      const { dev, inode, inodeLow, size, mtime, mtimeNs, links } = stat;
      if (links > 1) this.#linked.set(`${dev}:${inode}:${inodeLow}`, { size, mtime, mtimeNs });
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.code === "ELOOP") this.#throughLinks.add(path);
      else this.#host.failed(failedToRemove(path, error));
    }
  }

  /** Notes the entries that stay. */
  note(): void {
    this.#changed.note("changed since the copy", this.#host.note);
    this.#throughLinks.note("reached through a link to a directory", this.#host.note);
  }

  /** Returns whether the entry is still the one that was copied. */
  #isUnchanged(entry: ConfirmedEntry, stat: FileStat, tree: DirectoryTree, name: string): boolean {
    const { type, version } = entry;
    if (type === RecordType.symlink) return stat.kind === FileKind.symlink && hasContents(stat, entry);
    // The user named a link, or links are followed: the link is removed, not its file.
    const isFollowed = stat.kind === FileKind.symlink && (this.#host.follow || entry.name === "");
    const file = isFollowed ? tree.statEntry(name, { follow: true }) : stat;
    if (file?.kind !== FileKind.file) return false;
    const linked = this.#linked.get(`${file.dev}:${file.inode}:${file.inodeLow}`);
    if (linked) return hasContents(file, linked);
    return type === RecordType.file && hasContents(file, entry) && fileVersion(file) === version;
  }

  /** Opens the directory of an entry. @throws {FileError} */
  #enter(source: SourceRoot, directory: string): DirectoryTree {
    const top = source.kind === "file" ? directoryOf(source.path) : source.path;
    if (this.#open?.key !== top) {
      this.close();
      const root = this.#rootOf(source, top);
      this.#open = { key: top, root, tree: this.#host.files.openTree(root) };
    }
    const open = this.#open!;
    if (open.directory !== directory) {
      open.directory = directory;
      open.failure = undefined;
      try {
        open.tree.lister.openDirectory(open.root, directory, { follow: directory === "" });
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        open.failure = error;
      }
    }
    if (open.failure) throw open.failure;
    return open.tree;
  }

  /** Returns a directory as the root of a tree. @throws {FileError} If it is outside of the directory of a confined host. */
  #rootOf(source: SourceRoot, path: string): SourceRoot {
    const real = this.#host.files.paths.realPath(path);
    const { within } = source;
    if (within !== undefined && !isWithin(real, within)) throw pointsOutside("remove", path, within);
    if (source.kind === "folder") return { ...source, within: real };
    return { path, name: "", kind: "folder", identity: UNKNOWN_FILE, size: 0, within: real };
  }
}

function hasContents(stat: Contents, { size, mtime, mtimeNs }: Contents): boolean {
  return stat.size === size && stat.mtime === mtime && stat.mtimeNs === mtimeNs;
}

/** Entries that are not removed for one reason. */
class StayingEntries {
  #count = 0;
  #first = "";

  add(path: string): void {
    if (this.#count++ === 0) this.#first = path;
  }

  note(reason: string, note: (message: string) => void): void {
    if (this.#count === 0) return;
    const others = this.#count === 1 ? "" : ` and ${grouped(this.#count - 1)} more`;
    note(`not removed: ${quotePath(this.#first)}${others}: ${reason}`);
  }
}

/** Returns the failure of a step as that of the removal. */
function failedToRemove(path: string, error: FileError): FileError {
  const reason = error.message.slice(`Cannot ${error.operation} ${quotePath(error.path)}: `.length);
  return new FileError("remove", path, reason, { code: error.code, hint: error.hint, cause: error });
}
