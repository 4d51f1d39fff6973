/**
 * Renames a temporary file to its final name in a directory that others can write to. They may put another file under either
 * name at any time. Only the open file gets the final name; on failure the file that had the name keeps it.
 */

import { Errno } from "../../../native/libc/errno.ts";
import { AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../../native/file/calls.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import { FileKind } from "../../stat/file_stat.ts";
import { magicLink, openEntry } from "../open.ts";

/** Maximum number of attempts, because other users may create and remove the name in turn. */
const ATTEMPTS = 8;

/** Directories are descriptors, names are addresses of NUL-terminated bytes. Results are 0 or an error number. */
export class SharedNaming {
  readonly #calls: FileCalls;
  readonly #one: Statx;
  readonly #other: Statx;
  readonly #link = new PinnedBuffer(64);

  constructor(calls: FileCalls) {
    this.#calls = calls;
    this.#one = new Statx(calls);
    this.#other = new Statx(calls);
  }

  /** Returns whether a name refers to an open file. */
  isNameOf(descriptor: number, directory: number, name: number): boolean {
    return this.#one.fillOpen(descriptor) && this.#other.fill(directory, name, AT_SYMLINK_NOFOLLOW) &&
      this.#areSame();
  }

  /** Opens a name (O_PATH) that must refer to this open file. Returns a descriptor, or minus ESTALE. */
  openPlace(descriptor: number, directory: number, name: number): number {
    const place = openEntry(this.#calls, directory, name);
    if (place < 0) return -Errno.ESTALE;
    if (this.#one.fillOpen(descriptor) && this.#other.fillOpen(place) && this.#areSame()) return place;
    this.#calls.close(place);
    return -Errno.ESTALE;
  }

  /**
   * Renames an open file from its temporary name to the final one, and checks the result. If another file was renamed,
   * the rename is undone.
   *
   * @param place descriptor of the file, which may be opened with O_PATH.
   * @returns 0 or an error number; ESTALE if the temporary name refers to another file.
   */
  renameOpen(place: number, directory: number, temporary: number, name: number): number {
    const calls = this.#calls;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (calls.renameNew(directory, temporary, directory, name) === 0) {
        if (this.isNameOf(place, directory, name)) return 0;
        calls.renameNew(directory, name, directory, temporary);
        return Errno.ESTALE;
      }
      const errno = calls.errno();
      if (errno === Errno.ENOENT) return Errno.ESTALE;
      const isUnknown = errno === Errno.EINVAL || errno === Errno.ENOSYS;
      if (errno !== Errno.EEXIST && !isUnknown) return errno;
      const result = isUnknown
        ? this.#rename(place, directory, temporary, name)
        : this.#exchange(place, directory, temporary, name);
      if (result !== Errno.ENOENT) return result;
    }
    return Errno.EEXIST;
  }

  /** Creates a hard link to an open file. Returns the result of linkat(2). */
  link(place: number, directory: number, name: number): number {
    return this.#calls.linkat(AT_FDCWD, magicLink(place, this.#link), directory, name, AT_SYMLINK_FOLLOW);
  }

  /** Replaces the file of this name, which gets the temporary name until the result is checked. */
  #exchange(place: number, directory: number, temporary: number, name: number): number {
    const calls = this.#calls;
    if (!this.#other.fill(directory, name, AT_SYMLINK_NOFOLLOW)) return calls.errno();
    if (this.#other.kind === FileKind.directory) return Errno.EISDIR;
    if (calls.exchange(directory, temporary, directory, name) !== 0) {
      const errno = calls.errno();
      const isUnknown = errno === Errno.EINVAL || errno === Errno.ENOSYS;
      return isUnknown ? this.#rename(place, directory, temporary, name) : errno;
    }
    if (this.isNameOf(place, directory, name)) {
      if (calls.unlinkat(directory, temporary, 0) === 0) return 0;
      const errno = calls.errno();
      if (errno === Errno.ENOENT) return 0;
      // A directory has replaced it since it was examined.
      calls.exchange(directory, temporary, directory, name);
      return errno;
    }
    calls.exchange(directory, temporary, directory, name);
    return Errno.ESTALE;
  }

  /** Renames on file systems without renameat2(2), and checks right before and right after. */
  #rename(place: number, directory: number, temporary: number, name: number): number {
    if (!this.isNameOf(place, directory, temporary)) return Errno.ESTALE;
    if (this.#calls.renameat(directory, temporary, directory, name) !== 0) return this.#calls.errno();
    return this.isNameOf(place, directory, name) ? 0 : Errno.ESTALE;
  }

  #areSame(): boolean {
    const [one, other] = [this.#one, this.#other];
    return one.inodeLow === other.inodeLow && one.inode === other.inode && one.dev === other.dev;
  }
}
