/**
 * How a file with a temporary name gets its attributes and its final name. `Deno.*` takes paths: where others can write,
 * what they stand for is looked at right before and right after.
 */

import { FileError } from "../errors.ts";
import { encodeName } from "../protocol/names.ts";
import type { FileLook } from "../resume/file_digest.ts";
import type { KeptBackup } from "./engine.ts";
import { failedDeno, failedWith } from "./file_failure.ts";
import { type FileIdentity, identityOf, planted, UNKNOWN_FILE } from "./file_identity.ts";
import type { Attributes, FileStat } from "./file_stat.ts";
import { mayBeForgotten, unverifiedName } from "./former_name.ts";
import { baseName, joinPath } from "./local_path.ts";
import { checkSameCase } from "./name_rules.ts";
import { ownUser } from "./directory_access.ts";
import { leadsTo } from "./portable_access.ts";
import { existingAt, type PortablePlacing, remove, tryLink } from "./portable_placing.ts";
import { statOf } from "./portable_stat.ts";
import { keptMode, plainMode } from "./target_mode.ts";

/** A file that was written under a temporary name. */
export interface WrittenFile {
  temporary: string;
  /** Which file it is. */
  identity: FileIdentity;
  /** The file, open; `publish` closes it. */
  open?: { sync(): void; close(): void };
}

/** Works in the current folder of a placing. */
export class PortablePublisher {
  readonly #placing: PortablePlacing;
  #kept: KeptBackup[] = [];

  constructor(placing: PortablePlacing) {
    this.#placing = placing;
  }

  /**
   * Attributes and the final name. On failure the temporary file is gone, unless another file has its name.
   *
   * @returns how the file looks, where that is wanted.
   */
  publish({ temporary, identity, open }: WrittenFile, path: string, attributes: Attributes): FileLook | undefined {
    const { isWatched, options } = this.#placing;
    try {
      const existing = this.replaced("write", path);
      this.#checkTemporary(temporary, identity, path);
      this.#setAttributes(temporary, attributes, existing);
      if (options.fsync) open?.sync();
      // Some systems rename no open file; and while it is open, no other one gets its inode.
      if (!isWatched) open?.close();
      const look = options.looks ? statOf(Deno.lstatSync(temporary)) : undefined;
      this.#keepFormer(path);
      this.#rename(temporary, path, identity);
      return look;
    } catch (error) {
      if (!isStolen(error)) remove(temporary);
      throw failedDeno("write", path, error);
    } finally {
      open?.close();
      this.#placing.handOverTemporary();
    }
  }

  /** The mode comes last, and is never more than that of a file that is replaced. */
  #setAttributes(temporary: string, from: Attributes, existing: Deno.FileInfo | undefined): void {
    const { attributes, options: { preserve, keepTimes, umask } } = this.#placing;
    if (preserve) return attributes.preserve(temporary, from);
    if (keepTimes) attributes.setModificationTime(temporary, from);
    if (existing?.isFile) this.#keepExisting(temporary, statOf(existing));
    else attributes.setMode(temporary, plainMode(from.mode, umask) & this.#placing.newModes());
  }

  /** What is done by a temporary name shall be done to the file that was written. @throws {FileError} */
  #checkTemporary(temporary: string, identity: FileIdentity, path: string): void {
    if (identity.inode !== 0 && !leadsTo(temporary, identity, { follow: false })) throw planted("write", path);
  }

  /** Where others can write: looks right before and right after. @throws what `Deno.*` throws, and {FileError}. */
  #rename(temporary: string, path: string, identity: FileIdentity): void {
    if (!this.#placing.isWatched) return Deno.renameSync(temporary, path);
    // What has the name keeps another one until it is known that nothing came in between.
    const existing = existingAt(path);
    const spare = joinPath(this.#placing.folder, this.#placing.nextName());
    const isKept = existing !== undefined && this.#mayBeForgotten(existing) && tryLink(path, spare);
    try {
      this.#checkTemporary(temporary, identity, path);
      Deno.renameSync(temporary, path);
      if (identity.inode !== 0 && !leadsTo(path, identity, { follow: false })) {
        if (isKept) Deno.renameSync(spare, path);
        else remove(path);
        throw planted("write", path);
      }
      if (this.#placing.isSwappable) this.#placing.checkFolder();
    } finally {
      if (isKept) remove(spare);
    }
  }

  /** The final name for a link. @throws what `Deno.*` throws, and {FileError}. */
  renameLink(temporary: string, path: string): void {
    if (this.#placing.isSwappable) this.#placing.checkFolder();
    const identity = this.#placing.isWatched ? identityOf(Deno.lstatSync(temporary)) : UNKNOWN_FILE;
    this.#keepFormer(path);
    this.#rename(temporary, path, identity);
  }

  /** What is there under a final name and is going to be replaced. @throws {FileError} when it must not be. */
  replaced(act: string, path: string): Deno.FileInfo | undefined {
    const existing = existingAt(path);
    if (existing?.isDirectory) throw failedWith(act, path, "EISDIR");
    // The name of a single file is the user's own word.
    if (existing?.isFile && this.#placing.current().kind === "folder") checkSameCase(act, path, this.#placing.rules);
    return existing;
  }

  /** With `keepsFormer`: what has this path is going to be replaced, and stays under another name. */
  #keepFormer(path: string): void {
    const { folder, options, path: below, root, roots } = this.#placing;
    if (!options.keepsFormer) return;
    remove(joinPath(folder, unverifiedName(encodeName(baseName(path)))));
    const existing = existingAt(path);
    if (!existing || !this.#mayBeForgotten(existing)) return;
    const former = this.#placing.formerOf(path);
    const identity = identityOf(existing);
    if (!tryLink(path, former) || !leadsTo(former, identity, { follow: false })) return;
    const isFolder = roots[root].kind === "folder";
    this.#kept.push({ root, path: isFolder ? joinPath(below, baseName(path)) : "", identity });
  }

  /** Backups that were made since the last call. */
  takeKept(): KeptBackup[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  #mayBeForgotten(existing: Deno.FileInfo): boolean {
    const user = ownUser() ?? 0;
    return user === 0 || mayBeForgotten(user, statOf(existing), statOf(Deno.statSync(this.#placing.folder)));
  }

  #keepExisting(temporary: string, existing: FileStat): void {
    this.#placing.attributes.setOwner(temporary, existing.uid, existing.gid);
    this.#placing.attributes.setMode(temporary, keptMode(existing.mode));
  }
}

/** Whether the temporary name, or the path to it, is somebody else's now. */
function isStolen(error: unknown): boolean {
  return error instanceof FileError && error.code === "ESTALE";
}
