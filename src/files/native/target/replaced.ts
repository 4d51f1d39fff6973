/** Keeps owner, mode and access control list of a replaced file, by system calls. */

import { Errno } from "../../../native/libc/errno.ts";
import { AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../../native/file/calls.ts";
import { Statx } from "../../../native/file/statx.ts";
import { modeWithoutList } from "../../target/access_list.ts";
import { FileKind } from "../../stat/file_stat.ts";
import { type AccessLists, openAccessLists } from "../access.ts";
import type { NativeAttributes } from "../attributes.ts";
import { keptMode } from "../../stat/target_mode.ts";

/** The file that was examined last. A name is the address of NUL-terminated bytes. */
export class ReplacedFile {
  /** Whether it is a regular file: only then its attributes are kept. */
  isFile = false;
  readonly #calls: FileCalls;
  readonly #attributes: NativeAttributes;
  readonly #statx: Statx;
  #lists: AccessLists | undefined;
  /** Length of its list; 0 if it has none. */
  #listBytes = 0;

  constructor(calls: FileCalls, attributes: NativeAttributes) {
    this.#calls = calls;
    this.#attributes = attributes;
    this.#statx = new Statx(calls);
  }

  /** Examines the file of this name. @returns whether there is one. */
  examine(directory: number, name: number): boolean {
    this.#listBytes = 0;
    this.isFile = false;
    if (!this.#statx.fill(directory, name, AT_SYMLINK_NOFOLLOW)) return false;
    this.isFile = this.#statx.kind === FileKind.file;
    if (this.isFile) this.#read(directory, name);
    return true;
  }

  /** Reads the access control list of the file of this name, for `applyList`. @returns whether there is a file. */
  readList(directory: number, name: number): boolean {
    this.isFile = false;
    return this.#read(directory, name) || this.#calls.errno() !== Errno.ENOENT;
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
    if (!this.#attributes.isOwn(uid, gid)) this.#attributes.setOwnerOfPath(descriptor, uid, gid);
    const kept = keptMode(mode);
    const isKept = this.applyList(descriptor, inherits);
    // Setting the list has set the mode.
    if (isKept && this.hasList && (kept & ~0o777) === 0) return 0;
    const right = isKept ? kept : modeWithoutList(kept, this.#lists!.list.view, this.#listBytes);
    return this.#attributes.setModeOfPath(descriptor, right);
  }

  /** Sets the list only. @returns whether the new file has the same list, or none if the old file has none. */
  applyList(descriptor: number, inherits: boolean): boolean {
    if (this.hasList) return this.#lists!.set(descriptor, this.#listBytes);
    if (inherits) this.#lists!.remove(descriptor);
    return true;
  }

  #read(directory: number, name: number): boolean {
    this.#lists ??= openAccessLists();
    const bytes = this.#lists.read(directory, name);
    this.#listBytes = Math.max(0, bytes);
    return bytes >= 0;
  }
}
