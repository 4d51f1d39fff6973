/**
 * The current directory of a portable writer, and temporary names in it. `Deno.*` takes paths: if others can replace a
 * directory on the path, it is checked right before and right after each use.
 */

import { checkRealPath } from "../target/confinement.ts";
import { ProtocolError } from "../../errors.ts";
import { encodeName } from "../../protocol/names.ts";
import type { TargetOptions, TouchedFolder } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { codeOf, failedDeno, failedWith, linkInTheWay } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile, swapped, UNKNOWN_FILE } from "../stat/file_identity.ts";
import { formerName } from "../path/former_name.ts";
import { baseName, joinPath } from "../path/local_path.ts";
import { canOthersReplace, canOthersSwap, isSharedByOthers, leadsTo, newModesIn } from "./access.ts";
import { PortableAttributes } from "./attributes.ts";
import { makeUnfinishedFolder } from "./folder.ts";
import { statOf } from "./stat.ts";
import { TEMPORARY_MODE } from "../stat/target_mode.ts";
import { checkShape, rootDirectory, rootFolder } from "../target/name.ts";
import { checkSameCase, checkTargetName, type NameRules, OWN_RULES } from "../path/name_rules.ts";
import { TemporaryNames } from "../path/temporary_name.ts";

const windows = () => Deno.build.os === "windows";

export class PortablePlacing {
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly attributes = new PortableAttributes();
  root = -1;
  /** Absolute path of the current folder. */
  folder = "";
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
  #created: TouchedFolder[] = [];

  constructor(roots: TargetRoot[], options: TargetOptions, rules: NameRules = OWN_RULES) {
    this.roots = roots;
    this.rules = rules;
    this.options = options;
    this.#names = new TemporaryNames(options.token);
  }

  /** Makes the folder the current one; every component is looked at. @throws {FileError} */
  enter(root: number, path: string, options: { create: boolean } = { create: true }): void {
    const target = this.roots[root];
    if (path !== "" || !target) checkShape(target, true);
    this.root = -1;
    let folder = rootFolder(target);
    if (target.kind !== "device") this.#enterRoot(target);
    if (path !== "") {
      for (let start = 0; start <= path.length;) {
        let end = path.indexOf("/", start);
        if (end === -1) end = path.length;
        const name = path.slice(start, end);
        folder = joinPath(folder, name);
        checkTargetName(name, folder, this.rules);
        this.#enterOne(root, path.slice(0, end), folder, options.create);
        start = end + 1;
      }
    }
    if (folder !== this.folder) this.#newModes = undefined;
    this.root = root;
    this.folder = folder;
    this.path = path;
  }

  current(): TargetRoot {
    if (this.root < 0) throw new ProtocolError("bad-record", "Cannot accept a record: it is in no folder");
    return this.roots[this.root];
  }

  takeCreated(): TouchedFolder[] {
    const created = this.#created;
    this.#created = [];
    return created;
  }

  /** Absolute path of the thing with this name in the current folder. */
  pathOf(name: string): string {
    const path = joinPath(this.folder, name);
    checkTargetName(name, path, this.rules);
    return path;
  }

  /** Makes something under a temporary name that is to become `path`. Returns what `make` does, and the name. */
  makeTemporary<Made>(path: string, act: string, make: (temporary: string) => Made): { made: Made; temporary: string } {
    for (;;) {
      const temporary = joinPath(this.folder, this.#names.next());
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
    if (this.isSwappable) this.checkFolder();
    const { made, temporary } = this.makeTemporary(
      path,
      "write",
      (temporary) => Deno.openSync(temporary, { write: true, createNew: true, mode }),
    );
    try {
      if (this.isSwappable) this.checkFolder();
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
    return this.#newModes ??= newModesIn(this.folder, this.#names.next());
  }

  /** Where that stays. @param path in the current folder. */
  formerOf(path: string): string {
    return joinPath(this.folder, formerName(this.options.token, encodeName(baseName(path))));
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

  #enterOne(root: number, path: string, folder: string, create: boolean): void {
    try {
      let info = existingAt(folder);
      if (!info) {
        if (!create) throw failedWith("create", folder, "ENOENT");
        info = this.#makeFolder(root, path, folder);
      } else if (info.isDirectory) checkSameCase("create", folder, this.rules);
      if (info.isSymlink) throw linkInTheWay(folder);
      if (!info.isDirectory) throw failedWith("create", folder, "ENOTDIR");
      this.isSwappable ||= canOthersReplace(this.#info!, info);
      this.#shared = isSharedByOthers(info);
      this.#info = info;
    } catch (error) {
      throw failedDeno("create", folder, error);
    }
  }

  #makeFolder(root: number, path: string, folder: string): Deno.FileInfo {
    try {
      makeUnfinishedFolder(folder, { exposed: this.isWatched });
      this.#created.push({ root, path, created: true });
    } catch (error) {
      // Another stream may have made it in this moment.
      if (codeOf(error) !== "EEXIST") throw error;
    }
    return Deno.lstatSync(folder);
  }

  /** @throws {FileError} if the path of the current directory refers to another one. */
  checkFolder(): void {
    if (this.leadsToFolder()) return;
    throw swapped("write", this.folder);
  }

  /** Returns whether the path of the current directory still refers to it. */
  leadsToFolder(): boolean {
    return leadsTo(this.folder, identityOf(this.#info!), { follow: this.path === "" });
  }

  #openUp(): boolean {
    // The folder that a file is copied into is no part of the copy: there the user's word counts.
    if (windows() || this.roots[this.root].kind !== "folder") return false;
    if (this.isSwappable) this.checkFolder();
    const stat = statOf(Deno.statSync(this.folder));
    if (stat.uid !== Deno.uid() || (stat.mode & 0o700) === 0o700) return false;
    this.attributes.setMode(this.folder, stat.mode | 0o700);
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
