/**
 * The current directory of a portable writer, and temporary names in it. `Deno.*` takes paths: if others can replace a
 * directory on the path, it is checked right before and right after each use.
 */

import { checkRealPath } from "../target/confinement.ts";
import { ProtocolError } from "../../errors.ts";
import { encodeName } from "../../protocol/names.ts";
import type { PendingDirectory, TargetOptions } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { codeOf, failedDeno, failedWith, linkInTheWay } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile, swapped, UNKNOWN_FILE } from "../stat/file_identity.ts";
import { backupName } from "../path/backup_name.ts";
import { baseName, joinPath } from "../path/local_path.ts";
import { canOthersReplace, canOthersSwap, isSharedByOthers, leadsTo, newModesIn } from "./access.ts";
import { PortableAttributes } from "./attributes.ts";
import { makeUnfinishedDirectory } from "./directory.ts";
import { statOf } from "./stat.ts";
import { TEMPORARY_MODE } from "../stat/target_mode.ts";
import { checkShape, rootDirectory, rootPath } from "../target/name.ts";
import { checkSameCase, checkTargetName, type NameRules, OWN_RULES } from "../path/name_rules.ts";
import { TemporaryNames } from "../path/temporary_name.ts";

const windows = () => Deno.build.os === "windows";

export class PortablePlacing {
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly attributes = new PortableAttributes();
  root = -1;
  /** Absolute path of the current directory. */
  directory = "";
  /** Path of the current directory relative to the root. */
  path = "";
  /** Status of the current directory when it was entered. */
  #info: Deno.FileInfo | undefined;
  /** Others can replace names in the current directory. */
  #shared = false;
  /** Others can replace the current directory, or one above it. */
  isSwappable = false;
  /** Directory of the last root, and whether others can replace it. */
  #swaps: { path: string; swappable: boolean } | undefined;
  /** Permission bits that the current directory grants to new files; undefined if not yet known. */
  #newModes: number | undefined;
  readonly #names: TemporaryNames;
  readonly rules: NameRules;
  #unfinished: string | undefined;
  #created: PendingDirectory[] = [];

  constructor(roots: TargetRoot[], options: TargetOptions, rules: NameRules = OWN_RULES) {
    this.roots = roots;
    this.rules = rules;
    this.options = options;
    this.#names = new TemporaryNames(options.token);
  }

  /** Makes the directory the current one; every component is looked at. @throws {FileError} */
  enter(root: number, path: string, options: { create: boolean } = { create: true }): void {
    const target = this.roots[root];
    if (path !== "" || !target) checkShape(target, true);
    this.root = -1;
    let directory = rootPath(target);
    if (target.kind !== "device") this.#enterRoot(target);
    if (path !== "") {
      for (let start = 0; start <= path.length;) {
        let end = path.indexOf("/", start);
        if (end === -1) end = path.length;
        const name = path.slice(start, end);
        directory = joinPath(directory, name);
        checkTargetName(name, directory, this.rules);
        this.#enterOne(root, path.slice(0, end), directory, options.create);
        start = end + 1;
      }
    }
    if (directory !== this.directory) this.#newModes = undefined;
    this.root = root;
    this.directory = directory;
    this.path = path;
  }

  current(): TargetRoot {
    if (this.root < 0) throw new ProtocolError("bad-record", "Cannot accept a record: it is in no directory");
    return this.roots[this.root];
  }

  takeCreated(): PendingDirectory[] {
    const created = this.#created;
    this.#created = [];
    return created;
  }

  /** Absolute path of the thing with this name in the current directory. */
  pathOf(name: string): string {
    const path = joinPath(this.directory, name);
    checkTargetName(name, path, this.rules);
    return path;
  }

  /** Makes something under a temporary name that is to become `path`. Returns what `make` does, and the name. */
  makeTemporary<Made>(path: string, act: string, make: (temporary: string) => Made): { made: Made; temporary: string } {
    for (;;) {
      const temporary = joinPath(this.directory, this.#names.next());
      try {
        const made = make(temporary);
        this.#unfinished = temporary;
        return { made, temporary };
      } catch (error) {
        const code = codeOf(error);
        if (code === "EEXIST") continue;
        if (code !== "EACCES" || !this.#openUp()) throw failedDeno(act, path, error);
      }
    }
  }

  /** Creates a temporary file for `path`. @throws {FileError} */
  createFile(path: string): { made: Deno.FsFile; temporary: string; identity: FileIdentity } {
    const mode = windows() ? undefined : TEMPORARY_MODE;
    if (this.isSwappable) this.checkDirectory();
    const { made, temporary } = this.makeTemporary(
      path,
      "write",
      (temporary) => Deno.openSync(temporary, { write: true, createNew: true, mode }),
    );
    try {
      if (this.isSwappable) this.checkDirectory();
      return { made, temporary, identity: this.isWatched ? identityOf(made.statSync()) : UNKNOWN_FILE };
    } catch (error) {
      made.close();
      // The file is in another directory.
      this.abandon();
      throw failedDeno("write", path, error);
    }
  }

  /** Whether others may replace a file or directory that this writer uses. */
  get isWatched(): boolean {
    return this.#shared || this.isSwappable;
  }

  /** Notes that `abandon` must not remove the last temporary file. */
  handOverTemporary(): void {
    this.#unfinished = undefined;
  }

  /** Returns a new temporary name. */
  nextName(): string {
    return this.#names.next();
  }

  /** Returns the permission bits that the current directory grants to new files. */
  newModes(): number {
    return this.#newModes ??= newModesIn(this.directory, this.#names.next());
  }

  /** Where that stays. @param path in the current directory. */
  backupOf(path: string): string {
    return joinPath(this.directory, backupName(this.options.token, encodeName(baseName(path))));
  }

  abandon(): void {
    if (this.#unfinished !== undefined) remove(this.#unfinished);
    this.#unfinished = undefined;
  }

  /** Examines the directory of a root. @throws {FileError} if it is not the planned one. */
  #enterRoot(target: TargetRoot): void {
    const { path, within, identity, noFollow } = rootDirectory(target);
    checkRealPath("create", path, within);
    try {
      const info = noFollow ? Deno.lstatSync(path) : Deno.statSync(path);
      if (identity && !isSameFile(identityOf(info), identity)) throw swapped("create", path);
      if (!info.isDirectory) throw failedWith("create", path, "ENOTDIR");
      if (this.#swaps?.path !== path) this.#swaps = { path, swappable: canOthersSwap(path) };
      this.isSwappable = this.#swaps.swappable;
      this.#shared = isSharedByOthers(info);
      this.#info = info;
    } catch (error) {
      throw failedDeno("create", path, error);
    }
  }

  #enterOne(root: number, path: string, directory: string, create: boolean): void {
    try {
      let info = existingAt(directory);
      if (!info) {
        if (!create) throw failedWith("create", directory, "ENOENT");
        info = this.#makeDirectory(root, path, directory);
      } else if (info.isDirectory) checkSameCase("create", directory, this.rules);
      if (info.isSymlink) throw linkInTheWay(directory);
      if (!info.isDirectory) throw failedWith("create", directory, "ENOTDIR");
      this.isSwappable ||= canOthersReplace(this.#info!, info);
      this.#shared = isSharedByOthers(info);
      this.#info = info;
    } catch (error) {
      throw failedDeno("create", directory, error);
    }
  }

  #makeDirectory(root: number, path: string, directory: string): Deno.FileInfo {
    try {
      makeUnfinishedDirectory(directory, { exposed: this.isWatched });
      this.#created.push({ root, path, created: true });
    } catch (error) {
      // Another stream may have made it in this moment.
      if (codeOf(error) !== "EEXIST") throw error;
    }
    return Deno.lstatSync(directory);
  }

  /** @throws {FileError} if the path of the current directory refers to another one. */
  checkDirectory(): void {
    if (this.leadsToDirectory()) return;
    throw swapped("write", this.directory);
  }

  /** Returns whether the path of the current directory still refers to it. */
  leadsToDirectory(): boolean {
    return leadsTo(this.directory, identityOf(this.#info!), { follow: this.path === "" });
  }

  #openUp(): boolean {
    // The directory that a file is copied into is no part of the copy: there the user's word counts.
    if (windows() || this.roots[this.root].kind !== "folder") return false;
    if (this.isSwappable) this.checkDirectory();
    const stat = statOf(Deno.statSync(this.directory));
    if (stat.uid !== Deno.uid() || (stat.mode & 0o700) === 0o700) return false;
    this.attributes.setMode(this.directory, stat.mode | 0o700);
    this.#created.push({ root: this.root, path: this.path, created: false, mode: stat.mode });
    return true;
  }
}

/** What is there itself, undefined when nothing is. */
export function existingAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Gives a file or link one more name. @returns whether it has it: the name may be taken, or there is nothing, or no hard link. */
export function tryLink(path: string, other: string): boolean {
  try {
    Deno.linkSync(path, other);
    return true;
  } catch {
    return false;
  }
}

export function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is gone already, or cannot be removed: there is nothing better to do.
  }
}
