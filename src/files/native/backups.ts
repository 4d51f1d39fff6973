/** Backups of files that a verified copy replaces (temporary_names.ts), made and restored by descriptor. */

import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { encodeName } from "../../protocol/names.ts";
import { type FileIdentity, isSameFile } from "../stat/file_identity.ts";
import { backupName } from "../path/temporary_names.ts";
import { mayDelete } from "../target/directory_access.ts";
import { SharedNaming } from "./naming.ts";

/** Directories are descriptors, names are bytes. */
export class NativeBackups {
  readonly #calls: FileCalls;
  readonly #naming: SharedNaming;
  readonly #token: string;
  readonly #user: number;
  readonly #file: Statx;
  readonly #directory: Statx;
  readonly #itself = new PinnedBuffer(8);
  readonly #name = new PinnedBuffer(257);
  readonly #other = new PinnedBuffer(257);

  /** @param token token of the copy. */
  constructor(calls: FileCalls, token: string) {
    this.#calls = calls;
    this.#naming = new SharedNaming(calls);
    this.#token = token;
    this.#user = calls.geteuid();
    this.#file = new Statx(calls);
    this.#directory = new Statx(calls);
  }

  /**
   * Creates a second name for the file of a name, which is about to be replaced.
   *
   * @param name Address of NUL-terminated bytes.
   * @returns Identity of the file; undefined if there is none, this user could not remove the second name, the file system
   * has no hard links or the second name is taken.
   */
  link(directory: number, name: number, other: string): FileIdentity | undefined {
    const place = this.#open(directory, name);
    if (place < 0) return undefined;
    try {
      if (!this.#file.fill(place, this.#itself.address, AT_EMPTY_PATH) || !this.#mayBeRemoved(directory)) {
        return undefined;
      }
      const isLinked = this.#naming.link(place, directory, this.#other.putName(encodeName(other))) === 0;
      return isLinked ? this.#identity() : undefined;
    } finally {
      this.#calls.close(place);
    }
  }

  /** Returns the identity of the backup of this name; undefined if there is none. */
  find(directory: number, name: Uint8Array): FileIdentity | undefined {
    return this.#file.fill(directory, this.#putBackup(name), AT_SYMLINK_NOFOLLOW) ? this.#identity() : undefined;
  }

  /**
   * Restores the backup of this name, and replaces the file that has the name.
   *
   * @param kept identity that the backup must have.
   * @returns whether it was restored.
   */
  restore(directory: number, name: Uint8Array, kept: FileIdentity): boolean {
    const backup = this.#putBackup(name);
    const place = this.#open(directory, backup);
    if (place < 0) return false;
    try {
      const isKept = this.#file.fill(place, this.#itself.address, AT_EMPTY_PATH) && isSameFile(this.#identity(), kept);
      return isKept && this.#naming.give(place, directory, backup, this.#name.putName(name)) === 0;
    } finally {
      this.#calls.close(place);
    }
  }

  /** Removes the backup of this name; never fails. */
  drop(directory: number, name: Uint8Array): void {
    this.#calls.unlinkat(directory, this.#putBackup(name), 0);
  }

  #open(directory: number, name: number): number {
    const { path, noFollow, closeOnExec } = this.#calls.flags;
    return this.#calls.openat(directory, name, path | noFollow | closeOnExec, 0);
  }

  #putBackup(name: Uint8Array): number {
    return this.#other.putName(encodeName(backupName(this.#token, name)));
  }

  #identity(): FileIdentity {
    return { dev: this.#file.dev, inode: this.#file.inode };
  }

  #mayBeRemoved(directory: number): boolean {
    if (this.#user === 0) return true;
    const { uid } = this.#file;
    return this.#directory.fill(directory, this.#itself.address, AT_EMPTY_PATH) &&
      mayDelete(this.#user, { uid }, this.#directory);
  }
}
