/**
 * Removes sources whose copies are confirmed (`--remove-source-files`). Entries are removed below the open directory, which
 * is reached without following links below its root. An entry that has changed since the walk stays.
 */

import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { FileError, quotePath } from "../../errors.ts";
import type { DirectoryTree, FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot } from "../../files/engine/source.ts";
import { foldedPath } from "../../files/path/folded_path.ts";
import { baseName, directoryOf, joinPath } from "../../files/path/local_path.ts";
import { entryMark, fileVersion } from "../../files/stat/file_change.ts";
import { failedStep } from "../../files/stat/file_failure.ts";
import {
  type FileIdentity,
  identityOfStat,
  isSameFile,
  swapped,
  UNKNOWN_FILE,
} from "../../files/stat/file_identity.ts";
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
  /** Time before the walk. A file that was changed later may have changed again without a trace. In milliseconds since 1970. */
  since: number;
  /** Identities of the directories of roots that are files, by root. */
  parents: ReadonlyMap<number, FileIdentity>;
  failed(error: FileError): void;
  note(message: string): void;
  /** Called often, and awaited. */
  turn(): Promise<void> | void;
}

/** Removes the entries. @returns the number of removed entries. */
export async function removeSources(confirmed: ConfirmedSources, host: RemovalHost): Promise<number> {
  const remover = new SourceRemover(host, repeatedPaths(confirmed));
  const yielder = new EventLoopYielder();
  try {
    const forEach = async (handle: (entry: ConfirmedEntry, index: number) => void) => {
      let index = 0;
      for (const entry of confirmed.entries()) {
        handle(entry, index++);
        await (host.turn() ?? yielder.yieldIfDue());
      }
    };
    // Followed links come first, and all are examined before one is removed: they show nothing once their files are removed.
    if (host.follow || host.roots.some(({ kind }) => kind === "file")) {
      await forEach((entry, index) => remover.findLink(entry, index));
      await forEach((entry, index) => remover.removeLink(entry, index));
    }
    // Hard links come last: their files show whether they are unchanged.
    for (const links of confirmed.hasHardLinks ? [false, true] : [false]) {
      await forEach((entry, index) => {
        if ((entry.type === RecordType.hardlink) === links) remover.remove(entry, index);
      });
    }
  } finally {
    remover.close();
    yielder.close();
  }
  remover.note();
  return remover.removed;
}

/** Returns a number for the path of an entry in the target, which is most likely different for other paths. */
function pathKey({ root, directory, name }: ConfirmedEntry): number {
  const text = foldedPath(joinPath(directory, name));
  let low = root | 0;
  let high = ~root;
  for (let index = 0; index < text.length; index++) {
    low = Math.imul(low ^ text.charCodeAt(index), 0x01000193);
    high = Math.imul((high << 5 | high >>> 27) ^ text.charCodeAt(index), 0x9e3779b1);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

/** Returns the keys of paths that the target may take for the same entry, so that one copy has replaced another. */
function repeatedPaths(confirmed: ConfirmedSources): ReadonlySet<number> {
  const keys = new Float64Array(confirmed.count);
  let index = 0;
  for (const entry of confirmed.entries()) keys[index++] = pathKey(entry);
  keys.sort();
  return new Set(keys.filter((key, at) => key === keys[at + 1]));
}

/** Size and time of a removed file that has other names. */
type Contents = Pick<FileStat, "size" | "mtime" | "mtimeNs">;

type ChangeTime = Pick<FileStat, "ctime" | "ctimeNs">;

/** An entry that exists. */
interface FoundEntry {
  /** Its open directory. */
  tree: DirectoryTree;
  /** Name in the directory. */
  name: string;
  stat: FileStat;
  /** The file of a followed link, undefined if it is missing; otherwise as `stat`. */
  file?: FileStat;
}

/** Time of a change before every run. */
const LONG_AGO: ChangeTime = { ctime: 0, ctimeNs: 0 };

class SourceRemover {
  /** Number of removed entries. */
  removed = 0;
  readonly #host: RemovalHost;
  /** The open tree, and its current directory. */
  #open?: { key: string; root: SourceRoot; tree: DirectoryTree; directory?: string; failure?: FileError };
  /** Removed files with further names, by device and inode. Removing a name changes the ctime of the others. */
  readonly #linked = new Map<string, Contents>();
  /** As `repeatedPaths`. */
  readonly #repeated: ReadonlySet<number>;
  readonly #changed = new StayingEntries();
  readonly #fresh = new StayingEntries();
  readonly #alike = new StayingEntries();
  readonly #throughLinks = new StayingEntries();
  /** Marks of followed links whose files have not changed, by the number of their entry. */
  readonly #links = new Map<number, number>();
  /** Numbers of the entries that failed. */
  readonly #failed = new Set<number>();

  constructor(host: RemovalHost, repeated: ReadonlySet<number>) {
    this.#host = host;
    this.#repeated = repeated;
  }

  close(): void {
    this.#open?.tree.close();
    this.#open = undefined;
  }

  /** Marks an entry for `removeLink` if it is a followed link whose file has not changed. */
  findLink(entry: ConfirmedEntry, index: number): void {
    if (entry.type !== RecordType.file || !this.#isFollowed(entry) || this.#isRepeated(entry)) return;
    try {
      const found = this.#find(entry);
      if (found?.stat.kind !== FileKind.symlink) return;
      const unchanged = this.#unchanged(entry, found);
      if (unchanged && !isLater(unchanged, this.#host.since)) this.#links.set(index, entryMark(found.stat));
    } catch (error) {
      // `remove` reports the failure.
      if (!(error instanceof FileError)) throw error;
    }
  }

  /** Removes a marked link, unless it or its file has changed since. Reports a failure. */
  removeLink(entry: ConfirmedEntry, index: number): void {
    const mark = this.#links.get(index);
    if (mark === undefined) return;
    this.#attempt(entry, index, () => {
      const found = this.#find(entry);
      if (found?.stat.kind !== FileKind.symlink || entryMark(found.stat) !== mark) return;
      // Without a file, the link led to another link, which is removed.
      if (found.file && !this.#unchanged(entry, found)) return;
      found.tree.unlink(found.name, this.#pathOf(entry));
      this.removed++;
      // Names of the file that were sent as hard links of this one.
      if (found.file) this.#addLinked(found.file);
    });
  }

  /** Removes an entry unless it has changed. Reports a failure. */
  remove(entry: ConfirmedEntry, index: number): void {
    if (this.#failed.has(index)) return;
    const path = this.#pathOf(entry);
    if (this.#isRepeated(entry)) return this.#alike.add(path);
    this.#attempt(entry, index, () => {
      const found = this.#find(entry);
      if (!found) return;
      const unchanged = this.#unchanged(entry, found);
      if (!unchanged) return this.#changed.add(path);
      if (entry.type === RecordType.file && isLater(unchanged, this.#host.since)) return this.#fresh.add(path);
      found.tree.unlink(found.name, path);
      this.removed++;
      this.#addLinked(found.stat);
    });
  }

  /** Runs an action, and reports its failure. */
  #attempt(entry: ConfirmedEntry, index: number, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#failed.add(index);
      const path = this.#pathOf(entry);
      if (error.code === "ELOOP") this.#throughLinks.add(path);
      else this.#host.failed(failedRemoval(path, error));
    }
  }

  /** Remembers a file that has further names. */
  #addLinked({ dev, inode, inodeLow, size, mtime, mtimeNs, links }: FileStat): void {
    if (links > 1) this.#linked.set(`${dev}:${inode}:${inodeLow}`, { size, mtime, mtimeNs });
  }

  #pathOf({ root, directory, name }: ConfirmedEntry): string {
    return joinPath(this.#host.roots[root].path, joinPath(directory, name));
  }

  /** Notes the entries that stay. */
  note(): void {
    this.#changed.note("changed since the copy", this.#host.note);
    this.#fresh.note("changed while the copy began", this.#host.note);
    this.#alike.note("another source has the same name in the target", this.#host.note);
    this.#throughLinks.note("reached through a link to a directory", this.#host.note);
  }

  #isRepeated(entry: ConfirmedEntry): boolean {
    return this.#repeated.size > 0 && this.#repeated.has(pathKey(entry));
  }

  /** Whether a link was followed: links are, or the user named it. The link is removed then, not its file. */
  #isFollowed(entry: ConfirmedEntry): boolean {
    return this.#host.follow || entry.name === "";
  }

  /** Returns what an entry is now; undefined if it is missing. @throws {FileError} */
  #find(entry: ConfirmedEntry): FoundEntry | undefined {
    const { tree, name } = this.#enter(entry);
    const stat = tree.statEntry(name, { follow: false });
    if (!stat) return undefined;
    const isFollowed = stat.kind === FileKind.symlink && entry.type !== RecordType.symlink && this.#isFollowed(entry);
    return { tree, name, stat, file: isFollowed ? tree.statEntry(name, { follow: true }) : stat };
  }

  /** Returns the time of the last change of the copied file or link; undefined if it has changed since the walk. */
  #unchanged(entry: ConfirmedEntry, { stat, file }: FoundEntry): ChangeTime | undefined {
    const { type, version } = entry;
    if (type === RecordType.symlink) {
      const isLink = stat.kind === FileKind.symlink && hasContents(stat, entry);
      return isLink && entryMark(stat) === version ? stat : undefined;
    }
    if (file?.kind !== FileKind.file) return undefined;
    const linked = this.#linked.get(`${file.dev}:${file.inode}:${file.inodeLow}`);
    // The ctime is that of the removal of another name.
    if (linked) return hasContents(file, linked) ? LONG_AGO : undefined;
    const isSame = type === RecordType.file && hasContents(file, entry) && fileVersion(file) === version;
    return isSame ? file : undefined;
  }

  /** Opens the directory of an entry. @returns the tree, and the name of the entry there. @throws {FileError} */
  #enter({ root: index, directory, name }: ConfirmedEntry): { tree: DirectoryTree; name: string } {
    const source = this.#host.roots[index];
    const top = source.kind === "file" ? directoryOf(source.path) : source.path;
    if (this.#open?.key !== top) {
      this.close();
      const root = this.#rootOf(source, top, this.#host.parents.get(index));
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
    return { tree: open.tree, name: name === "" ? baseName(source.path) : name };
  }

  /** Returns a directory as the root of a tree. @throws {FileError} If it is outside of the directory of a confined host. */
  #rootOf(source: SourceRoot, path: string, identity: FileIdentity = UNKNOWN_FILE): SourceRoot {
    const real = this.#host.files.paths.realPath(path);
    const { within } = source;
    if (within !== undefined && !isWithin(real, within)) throw pointsOutside("remove", path, within);
    const found = this.#host.files.paths.stat(real, { follow: true });
    const expected = source.kind === "folder" ? source.identity : identity;
    if (!found || !isSameFile(identityOfStat(found), expected)) throw swapped("remove", path);
    if (source.kind === "folder") return { ...source, within: real };
    return { path, name: "", kind: "folder", identity, size: 0, within: real };
  }
}

/** Returns the failure to remove a source. Its hint for a read-only file system is not that of a target. */
function failedRemoval(path: string, error: FileError): FileError {
  const failure = failedStep("remove", path, error);
  if (failure.code === "EROFS") failure.hint = "The file system is mounted read-only: omit --remove-source-files";
  return failure;
}

/** Returns whether a file was changed at or after a time. */
function isLater({ ctime, ctimeNs }: ChangeTime, since: number): boolean {
  return ctime * 1000 + ctimeNs / 1e6 >= since;
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
