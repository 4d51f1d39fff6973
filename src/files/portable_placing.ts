/** The current folder of a portable writer, and how a new file in it comes to its final name. */

import { checkRealPath } from "./confinement.ts";
import { FileError, ProtocolError } from "../errors.ts";
import { encodeName } from "../protocol/names.ts";
import type { FileLook } from "../resume/file_digest.ts";
import type { TargetOptions, TargetRoot, TouchedFolder } from "./engine.ts";
import { codeOf, failedDeno, failedWith, linkInTheWay } from "./file_failure.ts";
import { type Attributes, FileStat } from "./file_stat.ts";
import { formerName, mayBeForgotten, unverifiedName } from "./former_name.ts";
import { baseName, joinPath } from "./local_path.ts";
import { PortableAttributes } from "./portable_attributes.ts";
import { makeUnfinishedFolder } from "./portable_folder.ts";
import { readPath, statOf } from "./portable_stat.ts";
import { keptMode, plainMode } from "./target_mode.ts";
import { checkShape, rootFolder } from "./target_name.ts";
import { checkSameCase, checkTargetName, type NameRules, OWN_RULES } from "./name_rules.ts";
import { TemporaryNames } from "./temporary_name.ts";

const windows = () => Deno.build.os === "windows";

export class PortablePlacing {
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly attributes = new PortableAttributes();
  root = -1;
  /** Absolute path of the current folder. */
  folder = "";
  #path = "";
  readonly #names: TemporaryNames;
  readonly #rules: NameRules;
  #unfinished: string | undefined;
  #created: TouchedFolder[] = [];

  constructor(roots: TargetRoot[], options: TargetOptions, rules: NameRules = OWN_RULES) {
    this.roots = roots;
    this.#rules = rules;
    this.options = options;
    this.#names = new TemporaryNames(options.token);
  }

  /** Makes the folder the current one; every component is looked at. @throws {FileError} */
  enter(root: number, path: string, options: { create: boolean } = { create: true }): void {
    const target = this.roots[root];
    if (path !== "" || !target) checkShape(target, true);
    this.root = -1;
    let folder = rootFolder(target);
    if (target.kind !== "device") checkRealPath("create", folder, target.within);
    if (path !== "") {
      for (let start = 0; start <= path.length;) {
        let end = path.indexOf("/", start);
        if (end === -1) end = path.length;
        const name = path.slice(start, end);
        folder = joinPath(folder, name);
        checkTargetName(name, folder, this.#rules);
        this.#enterOne(root, path.slice(0, end), folder, options.create);
        start = end + 1;
      }
    }
    this.root = root;
    this.folder = folder;
    this.#path = path;
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
    checkTargetName(name, path, this.#rules);
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

  createFile(path: string, sourceMode: number): { made: Deno.FsFile; temporary: string } {
    const { preserve, umask } = this.options;
    const mode = windows() ? undefined : preserve ? 0o600 : plainMode(sourceMode, umask);
    return this.makeTemporary(
      path,
      "write",
      (temporary) => Deno.openSync(temporary, { write: true, createNew: true, mode }),
    );
  }

  /** The last temporary file is from now on somebody else's to remove. */
  handOverTemporary(): void {
    this.#unfinished = undefined;
  }

  /**
   * Sets attributes and the final name. On failure the temporary file is removed; if only the time could not be set, the
   * file has its final name.
   *
   * @param open the file, where it is not closed yet: it is brought to the disk, and closed either way.
   * @returns how the file looks, where that is wanted.
   */
  publish(
    temporary: string,
    path: string,
    attributes: Attributes,
    open?: { sync(): void; close(): void },
  ): FileLook | undefined {
    let untimed: FileError | undefined;
    let look: FileStat | undefined;
    try {
      const existing = this.replaced("write", path);
      if (this.options.preserve) untimed = this.attributes.preserve(temporary, attributes, path);
      else if (existing?.isFile) this.#keepExisting(temporary, statOf(existing));
      else this.attributes.setMode(temporary, plainMode(attributes.mode, this.options.umask));
      if (this.options.keepTimes && !this.options.preserve) {
        untimed = this.attributes.setModificationTime(temporary, attributes, path);
      }
      open?.sync();
      open?.close();
      if (this.options.looks) readPath(temporary, { follow: false }, look = new FileStat());
      this.keepFormer(path);
      Deno.renameSync(temporary, path);
      this.#unfinished = undefined;
    } catch (error) {
      open?.close();
      remove(temporary);
      this.#unfinished = undefined;
      throw failedDeno("write", path, error);
    }
    if (untimed) throw untimed;
    return look;
  }

  /** What is there under a final name and is going to be replaced. @throws {FileError} when it must not be. */
  replaced(act: string, path: string): Deno.FileInfo | undefined {
    const existing = existingAt(path);
    if (existing?.isDirectory) throw failedWith(act, path, "EISDIR");
    // The name of a single file is the user's own word.
    if (existing?.isFile && this.current().kind === "folder") checkSameCase(act, path, this.#rules);
    return existing;
  }

  /** With `keepsFormer`: what has this path is going to be replaced, and stays under another name. */
  keepFormer(path: string): void {
    if (!this.options.keepsFormer) return;
    remove(joinPath(this.folder, unverifiedName(encodeName(baseName(path)))));
    if (this.#mayBeForgotten(path)) tryLink(path, this.formerOf(path));
  }

  /** Where that stays. @param path in the current folder. */
  formerOf(path: string): string {
    return joinPath(this.folder, formerName(this.options.token, encodeName(baseName(path))));
  }

  abandon(): void {
    if (this.#unfinished !== undefined) remove(this.#unfinished);
    this.#unfinished = undefined;
  }

  #mayBeForgotten(path: string): boolean {
    const user = windows() ? 0 : Deno.uid();
    if (user === 0) return true;
    const existing = existingAt(path);
    return existing !== undefined && mayBeForgotten(user!, statOf(existing), statOf(Deno.statSync(this.folder)));
  }

  #keepExisting(temporary: string, existing: FileStat): void {
    this.attributes.setOwner(temporary, existing.uid, existing.gid);
    this.attributes.setMode(temporary, keptMode(existing.mode));
  }

  #enterOne(root: number, path: string, folder: string, create: boolean): void {
    try {
      const info = existingAt(folder);
      if (info?.isSymlink) throw linkInTheWay(folder);
      if (info?.isDirectory) return checkSameCase("create", folder, this.#rules);
      if (info) throw failedWith("create", folder, "ENOTDIR");
      if (!create) throw failedWith("create", folder, "ENOENT");
      makeUnfinishedFolder(folder);
      this.#created.push({ root, path, created: true });
    } catch (error) {
      // Another stream may have made it in this moment.
      if (codeOf(error) === "EEXIST" && !(error instanceof FileError)) return;
      throw failedDeno("create", folder, error);
    }
  }

  #openUp(): boolean {
    // The folder that a file is copied into is no part of the copy: there the user's word counts.
    if (windows() || this.roots[this.root].kind !== "folder") return false;
    const stat = statOf(Deno.statSync(this.folder));
    if (stat.uid !== Deno.uid() || (stat.mode & 0o700) === 0o700) return false;
    this.attributes.setMode(this.folder, stat.mode | 0o700);
    this.#created.push({ root: this.root, path: this.#path, created: false, mode: stat.mode });
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
