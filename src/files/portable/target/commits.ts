/**
 * Gives staged files their attributes and their final names. `Deno.*` takes paths: if others can write to the directory, a
 * path is checked directly before and after each use.
 */

import type { FileError } from "../../../errors.ts";
import { mayDelete, ownUser } from "../../target/directory_access.ts";
import { joinPath } from "../../path/local_path.ts";
import { checkSameCase } from "../../path/name_rules.ts";
import { failedWith } from "../../stat/file_failure.ts";
import { type FileIdentity, identityOf, planted } from "../../stat/file_identity.ts";
import { type Attributes, FileStat, type FileStatSnapshot } from "../../stat/file_stat.ts";
import { keptMode, plainMode } from "../../stat/target_mode.ts";
import type { CommitCalls } from "../../write/target_directory.ts";
import { leadsTo } from "../access.ts";
import type { StagedFile } from "./staging.ts";
import { readPath, statOf } from "../stat.ts";
import { existingAt, type PortableTargetDirectory, remove, tryLink } from "./directory.ts";

export class PortableCommits implements CommitCalls<string, StagedFile> {
  readonly #directory: PortableTargetDirectory;
  /** The file that is about to be replaced. */
  #replaced: Deno.FileInfo | undefined;
  #timeFailure: FileError | undefined;

  constructor(directory: PortableTargetDirectory) {
    this.#directory = directory;
  }

  examineReplaced(name: string, operation: "write" | "create"): void {
    const { root, roots, rules } = this.#directory;
    this.#replaced = existingAt(name);
    if (this.#replaced?.isDirectory) throw failedWith(operation, name, "EISDIR");
    // The user chose the name of a single file.
    if (this.#replaced?.isFile && roots[root].kind === "folder") checkSameCase(operation, name, rules);
  }

  setAttributes(staged: StagedFile, name: string, from: Attributes): void {
    const { attributes, options: { preserve, keepTimes, umask } } = this.#directory;
    checkTemporary(staged, name);
    this.#timeFailure = undefined;
    if (preserve) this.#timeFailure = attributes.preserve(staged.path, from, name);
    else {
      if (keepTimes) this.#timeFailure = attributes.setModificationTime(staged.path, from, name);
      if (this.#replaced?.isFile) {
        const { uid, gid, mode } = statOf(this.#replaced);
        attributes.setOwner(staged.path, uid, gid);
        attributes.setMode(staged.path, keptMode(mode));
      } else attributes.setMode(staged.path, plainMode(from.mode, umask) & this.#directory.newModes());
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

  remove(name: string): void {
    remove(joinPath(this.#directory.place, name));
  }

  linkReplaced(name: string, other: string): FileIdentity | undefined {
    const existing = existingAt(name);
    if (!existing || !this.#mayDelete(existing)) return undefined;
    const path = joinPath(this.#directory.place, other);
    const identity = identityOf(existing);
    return tryLink(name, path) && leadsTo(path, identity, { follow: false }) ? identity : undefined;
  }

  rename(staged: StagedFile, name: string, operation: "write" | "create"): void {
    const directory = this.#directory;
    if (!directory.isShared) return Deno.renameSync(staged.path, name);
    // The replaced file keeps a second name until the result is checked.
    const existing = existingAt(name);
    const spare = directory.nextTemporary();
    const isKept = existing !== undefined && this.#mayDelete(existing) && tryLink(name, spare);
    try {
      checkTemporary(staged, name, operation);
      Deno.renameSync(staged.path, name);
      const { identity } = staged;
      if (identity.inode !== 0 && !leadsTo(name, identity, { follow: false })) {
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

  #mayDelete(existing: Deno.FileInfo): boolean {
    const user = ownUser() ?? 0;
    return user === 0 || mayDelete(user, statOf(existing), statOf(Deno.statSync(this.#directory.place)));
  }
}

/** @throws {FileError} If the temporary name refers to another file. */
function checkTemporary({ path, identity }: StagedFile, name: string, operation = "write"): void {
  if (identity.inode !== 0 && !leadsTo(path, identity, { follow: false })) throw planted(operation, name);
}
