/**
 * Gives staged files their attributes and their final names. `Deno.*` takes paths: if others can write to the directory, a
 * path is checked directly before and after each use.
 */

import type { FileError } from "../../../errors.ts";
import { baseName, joinPath } from "../../path/local_path.ts";
import { failedWith } from "../../stat/file_failure.ts";
import { type FileIdentity, identityOf, planted } from "../../stat/file_identity.ts";
import { type Attributes, FileStat, type FileStatSnapshot } from "../../stat/file_stat.ts";
import { keptMode, plainMode } from "../../stat/target_mode.ts";
import type { CommitCalls, TargetDirectory } from "../../write/target_directory.ts";
import { refersTo } from "../access.ts";
import type { StagedFile } from "./staging.ts";
import { readPath, statOf } from "../stat.ts";
import type { PortableTargetDirectory } from "./directory.ts";
import { existingAt, remove, tryLink } from "./entries.ts";

export class PortableCommits implements CommitCalls<string, StagedFile> {
  readonly #directory: PortableTargetDirectory;
  /** The file that is about to be replaced. */
  #replaced: Deno.FileInfo | undefined;
  #timeFailure: FileError | undefined;

  constructor(directory: PortableTargetDirectory) {
    this.#directory = directory;
  }

  examineReplaced(name: string, operation: "write" | "create"): void {
    this.#replaced = existingAt(name);
    if (this.#replaced?.isDirectory) throw failedWith(operation, name, "EISDIR");
    if (this.#replaced?.isFile) this.#directory.checkSameCase(operation, name);
  }

  setAttributes(staged: StagedFile, name: string, from: Attributes): void {
    const directory = this.#directory;
    const { attributes, options: { preserve, keepTimes, umask } } = directory;
    checkTemporary(staged, name);
    this.#timeFailure = undefined;
    if (preserve) this.#timeFailure = attributes.preserve(staged.path, from, name);
    else {
      if (keepTimes) this.#timeFailure = attributes.setModificationTime(staged.path, from, name);
      if (staged.inPlace) return;
      const kept = this.#replaced?.isFile ? statOf(this.#replaced) : undefined;
      if (kept && !directory.mayBePlanted(kept.uid)) {
        const { uid, gid, mode } = kept;
        attributes.setOwner(staged.path, uid, gid);
        attributes.setMode(staged.path, keptMode(mode));
      } else attributes.setMode(staged.path, plainMode(from.mode, umask) & directory.newModes());
    }
  }

  sync(staged: StagedFile): void {
    staged.file!.sync();
  }

  snapshot(staged: StagedFile): FileStatSnapshot {
    // Closing the file may set its times on Windows.
    this.closeForRename(staged);
    const stat = new FileStat();
    readPath(staged.path, { follow: false }, stat);
    return stat;
  }

  closeForRename(staged: StagedFile): void {
    // Windows cannot rename an open file. Elsewhere an open file keeps its inode from being reused.
    if (!this.#directory.isShared) staged.file!.close();
  }

  linkReplaced(name: string, other: string): FileIdentity | undefined {
    const existing = existingAt(name);
    if (!existing || !this.#directory.mayDelete(statOf(existing).uid)) return undefined;
    const path = joinPath(this.#directory.place, other);
    const identity = identityOf(existing);
    return tryLink(name, path) && refersTo(path, identity, { follow: false }) ? identity : undefined;
  }

  backUp(name: string, into: TargetDirectory<string>, other: string): (() => void) | undefined {
    const directory = this.#directory;
    const to = into.nameOf(other);
    const existing = Deno.lstatSync(name);
    if (!directory.mayDelete(statOf(existing).uid)) throw failedWith("back up", name, "EPERM");
    const identity = identityOf(existing);
    const spare = joinPath(into.place, baseName(directory.nextTemporary()));
    const isLinked = tryLink(name, spare);
    try {
      Deno.renameSync(isLinked ? spare : name, to);
    } finally {
      // rename(2) does nothing if both are already names of one file.
      if (isLinked) remove(spare);
    }
    if (identity.inode !== 0 && !refersTo(to, identity, { follow: false })) throw planted("back up", name);
    if (isLinked) return undefined;
    return () => {
      try {
        Deno.renameSync(to, name);
      } catch {
        // The failure of the new file is reported.
      }
    };
  }

  rename(staged: StagedFile, name: string, operation: "write" | "create"): void {
    const directory = this.#directory;
    if (!directory.isShared) return Deno.renameSync(staged.path, name);
    // The replaced file keeps a second name until the result is checked.
    const existing = existingAt(name);
    const spare = directory.nextTemporary();
    const isKept = existing !== undefined && directory.mayDelete(statOf(existing).uid) && tryLink(name, spare);
    try {
      checkTemporary(staged, name, operation);
      Deno.renameSync(staged.path, name);
      const { identity } = staged;
      if (identity.inode !== 0 && !refersTo(name, identity, { follow: false })) {
        if (isKept) Deno.renameSync(spare, name);
        else remove(name);
        throw planted(operation, name);
      }
      if (directory.isSwappable) directory.checkUnchanged();
    } finally {
      if (isKept) remove(spare);
    }
  }

  takeAttributeFailure(): FileError | undefined {
    return this.#timeFailure;
  }
}

/** @throws {FileError} If the temporary name refers to another file. */
function checkTemporary({ path, identity }: StagedFile, name: string, operation = "write"): void {
  if (identity.inode !== 0 && !refersTo(path, identity, { follow: false })) throw planted(operation, name);
}
