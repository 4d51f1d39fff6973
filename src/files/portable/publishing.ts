/**
 * Gives a temporary file its attributes and its final name. `Deno.*` takes paths: if others can write to the directory,
 * they are checked right before and right after each use.
 */

import { FileError } from "../../errors.ts";
import { encodeName } from "../../protocol/names.ts";
import type { FileStatSnapshot } from "../stat/file_stat.ts";
import type { KeptBackup } from "../engine/target.ts";
import { failedDeno, failedWith } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, planted, UNKNOWN_FILE } from "../stat/file_identity.ts";
import { type Attributes, FileStat } from "../stat/file_stat.ts";
import { mayDelete, unverifiedName } from "../path/backup_name.ts";
import { baseName, joinPath } from "../path/local_path.ts";
import { checkSameCase } from "../path/name_rules.ts";
import { ownUser } from "../target/directory_access.ts";
import { leadsTo } from "./access.ts";
import { existingAt, type PortablePlacing, remove, tryLink } from "./placing.ts";
import { readPath, statOf } from "./stat.ts";
import { keptMode, plainMode } from "../stat/target_mode.ts";

/** A file that was written under a temporary name. */
export interface WrittenFile {
  temporary: string;
  /** Identity of the file; unknown if nobody else can replace it. */
  identity: FileIdentity;
  /** The file, open; `publish` closes it. */
  open?: { sync(): void; close(): void };
}

/** Works in the current directory of a placing. */
export class PortablePublisher {
  readonly #placing: PortablePlacing;
  #kept: KeptBackup[] = [];

  constructor(placing: PortablePlacing) {
    this.#placing = placing;
  }

  /**
   * Sets attributes and renames the file. On failure the temporary file is removed, unless its name refers to another file.
   * If only the times cannot be set, the file has its final name.
   *
   * @returns status of the file if the options ask for it.
   */
  publish(
    { temporary, identity, open }: WrittenFile,
    path: string,
    attributes: Attributes,
  ): FileStatSnapshot | undefined {
    const { isWatched, options } = this.#placing;
    let untimed: FileError | undefined;
    let look: FileStat | undefined;
    try {
      const existing = this.replaced("write", path);
      this.#checkTemporary(temporary, identity, path);
      untimed = this.#setAttributes(temporary, attributes, existing, path);
      if (options.fsync) open?.sync();
      // Windows cannot rename an open file. Elsewhere an open file keeps its inode from being reused.
      if (!isWatched) open?.close();
      if (options.statAfterWrite) readPath(temporary, { follow: false }, look = new FileStat());
      this.#keepBackup(path);
      this.#rename(temporary, path, identity);
    } catch (error) {
      if (!isStolen(error)) remove(temporary);
      throw failedDeno("write", path, error);
    } finally {
      open?.close();
      this.#placing.handOverTemporary();
    }
    if (untimed) throw untimed;
    return look;
  }

  /**
   * Sets the attributes, the mode last. It never exceeds that of a replaced file.
   *
   * @returns the failure of setting the times, undefined if they were set.
   */
  #setAttributes(
    temporary: string,
    from: Attributes,
    existing: Deno.FileInfo | undefined,
    path: string,
  ): FileError | undefined {
    const { attributes, options: { preserve, keepTimes, umask } } = this.#placing;
    if (preserve) return attributes.preserve(temporary, from, path);
    const untimed = keepTimes ? attributes.setModificationTime(temporary, from, path) : undefined;
    if (existing?.isFile) this.#keepExisting(temporary, statOf(existing));
    else attributes.setMode(temporary, plainMode(from.mode, umask) & this.#placing.newModes());
    return untimed;
  }

  /** @throws {FileError} if the temporary name refers to another file. */
  #checkTemporary(temporary: string, identity: FileIdentity, path: string): void {
    if (identity.inode !== 0 && !leadsTo(temporary, identity, { follow: false })) throw planted("write", path);
  }

  /** Renames the file. If others can write here, checks it right before and right after. @throws errors of `Deno.*`. */
  #rename(temporary: string, path: string, identity: FileIdentity): void {
    if (!this.#placing.isWatched) return Deno.renameSync(temporary, path);
    // The old file keeps a second name until the result is checked.
    const existing = existingAt(path);
    const spare = joinPath(this.#placing.directory, this.#placing.nextName());
    const isKept = existing !== undefined && this.#mayBeForgotten(existing) && tryLink(path, spare);
    try {
      this.#checkTemporary(temporary, identity, path);
      Deno.renameSync(temporary, path);
      if (identity.inode !== 0 && !leadsTo(path, identity, { follow: false })) {
        if (isKept) Deno.renameSync(spare, path);
        else remove(path);
        throw planted("write", path);
      }
      if (this.#placing.isSwappable) this.#placing.checkDirectory();
    } finally {
      if (isKept) remove(spare);
    }
  }

  /** Gives a link its final name. @throws {FileError} and errors of `Deno.*`. */
  renameLink(temporary: string, path: string): void {
    if (this.#placing.isSwappable) this.#placing.checkDirectory();
    const identity = this.#placing.isWatched ? identityOf(Deno.lstatSync(temporary)) : UNKNOWN_FILE;
    this.#keepBackup(path);
    this.#rename(temporary, path, identity);
  }

  /** Returns the file that is about to be replaced. @throws {FileError} if it must not be replaced. */
  replaced(act: string, path: string): Deno.FileInfo | undefined {
    const existing = existingAt(path);
    if (existing?.isDirectory) throw failedWith(act, path, "EISDIR");
    // The user chose the name of a single file.
    if (existing?.isFile && this.#placing.current().kind === "folder") checkSameCase(act, path, this.#placing.rules);
    return existing;
  }

  /** With `keepBackups`: backs up the file that is about to be replaced. */
  #keepBackup(path: string): void {
    const { directory, options, path: below, root, roots } = this.#placing;
    if (!options.keepBackups) return;
    remove(joinPath(directory, unverifiedName(encodeName(baseName(path)))));
    const existing = existingAt(path);
    if (!existing || !this.#mayBeForgotten(existing)) return;
    const backup = this.#placing.backupOf(path);
    const identity = identityOf(existing);
    if (!tryLink(path, backup) || !leadsTo(backup, identity, { follow: false })) return;
    const isDirectory = roots[root].kind === "folder";
    this.#kept.push({ root, path: isDirectory ? joinPath(below, baseName(path)) : "", identity });
  }

  /** Returns the backups since the last call. */
  takeKept(): KeptBackup[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  #mayBeForgotten(existing: Deno.FileInfo): boolean {
    const user = ownUser() ?? 0;
    return user === 0 || mayDelete(user, statOf(existing), statOf(Deno.statSync(this.#placing.directory)));
  }

  #keepExisting(temporary: string, existing: FileStat): void {
    this.#placing.attributes.setOwner(temporary, existing.uid, existing.gid);
    this.#placing.attributes.setMode(temporary, keptMode(existing.mode));
  }
}

/** Returns whether the temporary name, or its directory, refers to something else now. */
function isStolen(error: unknown): boolean {
  return error instanceof FileError && error.code === "ESTALE";
}
