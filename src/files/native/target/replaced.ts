/** Keeps owner, mode and access control list of a replaced file, by system calls. */

import { Errno } from "../../../native/libc/errno.ts";
import { AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../../native/file/calls.ts";
import { Statx } from "../../../native/file/statx.ts";
import { modeWithoutList } from "../../target/access_list.ts";
import { FileKind } from "../../stat/file_stat.ts";
import { type AccessLists, openAccessLists } from "../access.ts";
import { keptMode } from "../../stat/target_mode.ts";
import type { NativeTargetDirectory } from "./directory.ts";

/** The file that was examined last. A name is the address of NUL-terminated bytes. */
export class ReplacedFile {
  /** Whether it is a regular file that no other user can have planted: only then its attributes are kept. */
  isFile = false;
  readonly #calls: FileCalls;
  readonly #directory: NativeTargetDirectory;
  readonly #statx: Statx;
  #lists: AccessLists | undefined;
  /** Length of its list; 0 if it has none. */
  #listBytes = 0;

  constructor(directory: NativeTargetDirectory) {
    this.#calls = directory.calls;
    this.#directory = directory;
    this.#statx = new Statx(directory.calls);
  }

  /** Examines the file of this name. @returns whether there is one. */
  examine(name: number): boolean {
    this.#listBytes = 0;
    this.isFile = false;
    if (!this.#fill(name)) return false;
    this.isFile = this.#statx.kind === FileKind.file && !this.#directory.mayBePlanted(this.#statx.uid);
    if (this.isFile) this.#read(name);
    return true;
  }

  /** Reads the access control list of the file of this name, for `applyList`. @returns whether there is a file. */
  readList(name: number): boolean {
    this.isFile = false;
    if (!this.#read(name)) return this.#calls.errno() !== Errno.ENOENT;
    const isTrusted = !this.hasList || (this.#fill(name) && !this.#directory.mayBePlanted(this.#statx.uid));
    if (!isTrusted) this.#listBytes = 0;
    return true;
  }

  /** Whether the file has an access control list. */
  get hasList(): boolean {
    return this.#listBytes > 0;
  }

  /**
   * Sets owner (if permitted), list and mode on a new file, which may be opened with O_PATH. The mode is set last,
   * and never exceeds that of the old file.
   *
   * @param inherits whether the new file has inherited a list from its directory.
   * @returns 0 or the error number.
   */
  apply(descriptor: number, inherits: boolean): number {
    const { mode, uid, gid } = this.#statx;
    const { attributes } = this.#directory;
    if (!attributes.isOwn(uid, gid)) attributes.setOwnerOfPath(descriptor, uid, gid);
    const kept = keptMode(mode);
    const isKept = this.applyList(descriptor, inherits);
    // Setting the list has set the mode.
    if (isKept && this.hasList && (kept & ~0o777) === 0) return 0;
    const right = isKept ? kept : modeWithoutList(kept, this.#lists!.list.view, this.#listBytes);
    return attributes.setModeOfPath(descriptor, right);
  }

  /** Sets the list only. @returns whether the new file has the same list, or none if the old file has none. */
  applyList(descriptor: number, inherits: boolean): boolean {
    if (this.hasList) return this.#lists!.set(descriptor, this.#listBytes);
    if (inherits) this.#lists!.remove(descriptor);
    return true;
  }

  #fill(name: number): boolean {
    return this.#statx.fill(this.#directory.descriptor, name, AT_SYMLINK_NOFOLLOW);
  }

  #read(name: number): boolean {
    this.#lists ??= openAccessLists();
    const bytes = this.#lists.read(this.#directory.descriptor, name);
    this.#listBytes = Math.max(0, bytes);
    return bytes >= 0;
  }
}
