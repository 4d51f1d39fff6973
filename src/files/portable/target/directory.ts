/**
 * Current directory of a portable writer. `Deno.*` takes paths: if others can replace a directory on the path, the path is
 * checked directly before and after each use.
 */

import { forbiddingFlag } from "../../../native/file/inode_flags.ts";
import { isMountPoint } from "../../../native/file/mount_points.ts";
import { decodeName, encodeName } from "../../../protocol/names.ts";
import type { FinishedDirectory } from "../../engine/directory_writer.ts";
import type { PendingDirectory } from "../../engine/target_place.ts";
import type { TargetOptions } from "../../engine/target_options.ts";
import type { TargetRoot } from "../../engine/target_root.ts";
import type { GlobEntry } from "../../glob/expand.ts";
import { baseName, directoryOf, joinPath } from "../../path/local_path.ts";
import { checkSameCase, checkTargetName, type NameRules } from "../../path/name_rules.ts";
import { realPath } from "../../path/real_path.ts";
import { TemporaryNames } from "../../path/temporary_names.ts";
import { codeOf, failedDeno, failedWith, unexpectedLink } from "../../stat/file_failure.ts";
import { identityOf, identityOfStat, isSameFile, swapped } from "../../stat/file_identity.ts";
import { FileStat } from "../../stat/file_stat.ts";
import { finishedMode } from "../../stat/target_mode.ts";
import { checkRealPath, isWithin, pointsOutside } from "../../target/confinement.ts";
import { mayBePlanted, mayDelete, ownUser } from "../../target/directory_access.ts";
import { followLinkPath, type RealPaths } from "../../target/directory_links.ts";
import { rootDirectory, rootPath } from "../../target/name.ts";
import type { TargetDirectory, WriterOptions } from "../../write/target_directory.ts";
import { canOthersReplace, canOthersSwap, isSharedByOthers, newModesIn, refersTo } from "../access.ts";
import { PortableAttributes } from "../attributes.ts";
import { makeUnfinishedDirectory } from "../new_directory.ts";
import { REPLACEMENT } from "../lister.ts";
import { hasEntry } from "../../target/has_entry.ts";
import { type ReplaceGuard, replaceGuard } from "../../target/replace_guard.ts";
import { listEntries } from "../list_entries.ts";
import { correctTimes } from "../runtime_gaps.ts";
import { notText } from "../text_lister.ts";
import { readInfo, readPath, statExisting, statOf } from "../stat.ts";
import { existingAt, remove } from "./entries.ts";

/** Names are absolute paths. */
export class PortableTargetDirectory implements TargetDirectory<string> {
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly rules: NameRules;
  readonly attributes = new PortableAttributes();
  root = -1;
  path = "";
  /** Absolute path of the directory. */
  place = "";
  /** Whether others can replace the directory, or one above it. */
  isSwappable = false;
  /** Status of the directory when it was entered. */
  #info: Deno.FileInfo | undefined;
  /** Whether others can replace files in the directory. */
  #hasSharedNames = false;
  /** Directory of the last root, and whether others can replace it. */
  #swaps: { path: string; swappable: boolean } | undefined;
  /** Permission bits that the directory grants to new files; undefined if not yet known. */
  #newModes: number | undefined;
  /** Whether chattr(1) has made the directory append-only; undefined if not yet known. */
  #isAppendOnly: boolean | undefined;
  readonly #names: TemporaryNames;
  readonly #replaceGuard: ReplaceGuard | undefined;
  #created: PendingDirectory[] = [];

  constructor({ roots, options }: WriterOptions, rules: NameRules) {
    this.roots = roots;
    this.options = options;
    this.rules = rules;
    this.#names = new TemporaryNames(options.token);
    this.#replaceGuard = options.replaces && replaceGuard(options.replaces);
  }

  get isAppendOnly(): boolean {
    return this.#isAppendOnly ??= forbiddingFlag(this.place, { follow: true }) === "append-only";
  }

  get isShared(): boolean {
    return this.#hasSharedNames || this.isSwappable;
  }

  enter(root: number, path: string, { create }: { create: boolean }): void {
    const target = this.roots[root];
    let directory = rootPath(target);
    if (target.kind !== "device") this.#enterRoot(target);
    if (path !== "") {
      for (let start = 0; start <= path.length;) {
        let end = path.indexOf("/", start);
        if (end === -1) end = path.length;
        const name = path.slice(start, end);
        directory = joinPath(directory, name);
        checkTargetName(name, directory, this.rules);
        directory = this.#enterOne(root, path.slice(0, end), directory, create);
        start = end + 1;
      }
    }
    if (directory !== this.place) this.#newModes = this.#isAppendOnly = undefined;
    this.root = root;
    this.place = directory;
    this.path = path;
  }

  takeCreated(): PendingDirectory[] {
    const created = this.#created;
    this.#created = [];
    return created;
  }

  addPermissions(): boolean {
    if (Deno.build.os === "windows") return false;
    if (this.isSwappable) this.checkUnchanged();
    const stat = statOf(Deno.statSync(this.place));
    if (stat.uid !== Deno.uid() || (stat.mode & 0o700) === 0o700) return false;
    this.attributes.setMode(this.place, stat.mode | 0o700);
    const { root, path } = this;
    this.#created.push({ root, path, created: false, mode: stat.mode, identity: identityOfStat(stat) });
    return true;
  }

  nameOf(text: string): string {
    const path = joinPath(this.place, text);
    checkTargetName(text, path, this.rules);
    return path;
  }

  nameIn(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): string {
    return this.nameOf(decodeName(bytes.subarray(start, end)));
  }

  stat(path: string, into: FileStat): boolean {
    const info = existingAt(path);
    if (!info) return false;
    readInfo(info, into);
    correctTimes(path, { follow: false }, into);
    return true;
  }

  statSelf(into: FileStat): void {
    readPath(this.place, { follow: true }, into);
  }

  readLink(path: string): Uint8Array | undefined {
    try {
      return encodeName(Deno.readLinkSync(path));
    } catch {
      // Not a link, or one that is not text.
      return undefined;
    }
  }

  textOf(name: string): string {
    return name;
  }

  bytesOf(name: string): Uint8Array {
    return encodeName(baseName(name));
  }

  mayDelete(uid: number): boolean {
    const user = ownUser() ?? 0;
    return user === 0 || mayDelete(user, { uid }, statOf(Deno.statSync(this.place)));
  }

  mayBePlanted(uid: number): boolean {
    return uid !== ownUser() && mayBePlanted(ownUser(), { uid }, statOf(Deno.statSync(this.place)));
  }

  isMountPoint(path: string): boolean {
    return isMountPoint(joinPath(realPath(this.place), baseName(path)));
  }

  checkSameCase(operation: string, path: string): void {
    // The user chose the name of a single file.
    if (this.roots[this.root].kind === "folder") checkSameCase(operation, path, this.rules);
  }

  list(): Iterable<GlobEntry> {
    return listEntries(this.place);
  }

  removeEntry(path: string, { isDirectory }: { isDirectory: boolean }): void {
    if (this.isSwappable) this.checkUnchanged();
    const info = existingAt(path);
    if (!info && path.includes(REPLACEMENT)) throw notText(path);
    if (!info) throw failedWith("remove", path, "ENOENT");
    // Deno.removeSync removes an empty directory too.
    if (info.isDirectory !== isDirectory) throw failedWith("remove", path, isDirectory ? "ENOTDIR" : "EISDIR");
    Deno.removeSync(path);
  }

  remove(name: string): void {
    remove(joinPath(this.place, name));
  }

  keepPlace(): { path: string; close(): void } {
    return { path: this.place, close() {} };
  }

  /** Returns the path of the next temporary name. */
  nextTemporary(): string {
    return joinPath(this.place, this.#names.next());
  }

  /** Returns the permission bits that the directory grants to new files. */
  newModes(): number {
    return this.#newModes ??= newModesIn(this.place, this.#names.next());
  }

  finish(directory: FinishedDirectory): void {
    const { attributes, options, place } = this;
    const source = directory.attributes;
    try {
      if (options.preserve && source) {
        const timeFailure = attributes.preserve(place, source, place);
        if (timeFailure) throw timeFailure;
      } else {
        const current = statOf(Deno.statSync(place)).mode;
        const mode = finishedMode(directory, current, options, () => this.newModes());
        if (mode !== undefined) attributes.setMode(place, mode);
      }
      if (this.isShared && !this.#isUnchanged()) throw swapped("set the attributes of", place);
    } catch (error) {
      throw failedDeno("set the attributes of", place, error);
    }
  }

  close(): void {}

  /** @throws {FileError} Code "ESTALE": the path of the directory refers to another one. */
  checkUnchanged(): void {
    if (!this.#isUnchanged()) throw swapped("write", this.place);
  }

  #isUnchanged(): boolean {
    return refersTo(this.place, identityOf(this.#info!), { follow: this.path === "" });
  }

  /** Examines the directory of a root. @throws {FileError} If it is not the planned one. */
  #enterRoot(target: TargetRoot): void {
    const { path, within, identity, noFollow } = rootDirectory(target);
    checkRealPath("create", path, within);
    try {
      const info = noFollow ? Deno.lstatSync(path) : Deno.statSync(path);
      if (identity && !isSameFile(identityOf(info), identity)) throw swapped("create", path);
      if (!info.isDirectory) throw failedWith("create", path, "ENOTDIR");
      if (this.#swaps?.path !== path) this.#swaps = { path, swappable: canOthersSwap(path) };
      this.isSwappable = this.#swaps.swappable;
      this.#hasSharedNames = isSharedByOthers(info);
      this.#info = info;
    } catch (error) {
      throw failedDeno("create", path, error);
    }
  }

  /** Returns the path of the directory: another one if it is a link that is followed. */
  #enterOne(root: number, path: string, directory: string, create: boolean): string {
    try {
      let info = existingAt(directory);
      if (info && !info.isDirectory && create && this.options.replaces) {
        this.#removeReplaced(path, directory, info);
        info = undefined;
      }
      if (!info) {
        if (!create) throw failedWith("create", directory, "ENOENT");
        info = this.#createDirectory(root, path, directory);
      } else if (info.isDirectory) checkSameCase("create", directory, this.rules);
      if (info.isSymlink && this.options.dirlinks) return this.#follow(root, directory, this.options.dirlinks);
      if (info.isSymlink) throw unexpectedLink(directory);
      if (!info.isDirectory) throw failedWith("create", directory, "ENOTDIR");
      this.isSwappable ||= canOthersReplace(this.#info!, info);
      this.#hasSharedNames = isSharedByOthers(info);
      this.#info = info;
      return directory;
    } catch (error) {
      throw failedDeno("create", directory, error);
    }
  }

  /** Enters the directory that a link points to. Returns its real path, which contains no link. */
  #follow(root: number, link: string, dirlinks: SharedArrayBuffer): string {
    const { within, source } = rootDirectory(this.roots[root]);
    const directory = followLinkPath(link, "create", PATHS, { created: dirlinks, source });
    if (within !== undefined && !isWithin(directory, within)) throw pointsOutside("create", link, within);
    const info = Deno.lstatSync(directory);
    if (!info.isDirectory || realPath(directory) !== directory) throw swapped("create", link);
    this.isSwappable ||= canOthersSwap(directory);
    this.#hasSharedNames = isSharedByOthers(info);
    this.#info = info;
    return directory;
  }

  /** Removes an entry that a directory replaces. @param path Path relative to the root. */
  #removeReplaced(path: string, entry: string, info: Deno.FileInfo): void {
    if (this.isSwappable && !this.#isUnchanged()) throw swapped("create", entry);
    // On a file system that ignores case it may be a file of this copy.
    if (!hasEntry(listEntries(directoryOf(entry)), baseName(entry))) throw failedWith("create", entry, "EEXIST");
    this.#replaceGuard!(path, entry, identityOf(info));
    this.removeEntry(entry, { isDirectory: false });
  }

  #createDirectory(root: number, path: string, directory: string): Deno.FileInfo {
    try {
      makeUnfinishedDirectory(directory, { exposed: this.isShared });
    } catch (error) {
      // Another stream may have created the directory meanwhile.
      if (codeOf(error) !== "EEXIST") throw error;
      return Deno.lstatSync(directory);
    }
    const info = Deno.lstatSync(directory);
    this.#created.push({ root, path, created: true, identity: identityOf(info) });
    return info;
  }
}

/** Operations for following links to directories. */
const PATHS: RealPaths = {
  stat(path, { follow }) {
    try {
      return statExisting(path, { follow });
    } catch (error) {
      throw failedDeno("examine", path, error);
    }
  },
  readLink: (path) => Deno.readLinkSync(path),
  realPath,
};
