/** What a file that is replaced hands down to the new one: owner, mode and access control list. By system calls. */

import { AT_SYMLINK_NOFOLLOW, type FileCalls } from "../native/file_calls.ts";
import { Statx } from "../native/file_statx.ts";
import { modeWithoutList } from "./access_list.ts";
import { FileKind } from "./file_stat.ts";
import { type AccessLists, openAccessLists } from "./native_access.ts";
import type { NativeAttributes } from "./native_attributes.ts";
import { keptMode } from "./target_mode.ts";

const ENOENT = 2;

/** The file that was looked at last. A name is the address of NUL-terminated bytes. */
export class ReplacedFile {
  /** Whether it is a regular file, which hands down what it has. */
  isFile = false;
  readonly #calls: FileCalls;
  readonly #attributes: NativeAttributes;
  readonly #statx: Statx;
  #lists: AccessLists | undefined;
  /** Bytes of its list, 0 for none. */
  #listBytes = 0;

  constructor(calls: FileCalls, attributes: NativeAttributes) {
    this.#calls = calls;
    this.#attributes = attributes;
    this.#statx = new Statx(calls);
  }

  /** Looks at what has the name. @returns whether anything has. */
  look(directory: number, name: number): boolean {
    this.#listBytes = 0;
    this.isFile = false;
    if (!this.#statx.fill(directory, name, AT_SYMLINK_NOFOLLOW)) return false;
    this.isFile = (this.#statx.mode & 0o170000) === FileKind.file;
    if (this.isFile) this.#readList(directory, name);
    return true;
  }

  /** Looks at the access control list of what has the name, which is all that `handDownList` needs. @returns as `look`. */
  lookAtList(directory: number, name: number): boolean {
    this.isFile = false;
    return this.#readList(directory, name) || this.#calls.errno() !== ENOENT;
  }

  /** Whether the file has an access control list. */
  get hasList(): boolean {
    return this.#listBytes > 0;
  }

  /**
   * Gives a new file, open, perhaps with O_PATH, owner, mode and list. The owner as far as permitted. The mode comes last,
   * and is never more than that of the old file.
   *
   * @param inherits whether the new file has a list of its directory.
   * @returns 0 or the error number.
   */
  handDown(descriptor: number, inherits: boolean): number {
    const { mode, uid, gid } = this.#statx;
    if (!this.#attributes.isOwn(uid, gid)) this.#attributes.setOwnerOfPath(descriptor, uid, gid);
    const kept = keptMode(mode);
    const isKept = this.handDownList(descriptor, inherits);
    // The list sets the mode as well.
    if (isKept && this.hasList && (kept & ~0o777) === 0) return 0;
    const right = isKept ? kept : modeWithoutList(kept, this.#lists!.list.view, this.#listBytes);
    return this.#attributes.setModeOfPath(descriptor, right);
  }

  /** As `handDown`, of the list alone. @returns whether the new file has the same list, or none as well. */
  handDownList(descriptor: number, inherits: boolean): boolean {
    if (this.hasList) return this.#lists!.set(descriptor, this.#listBytes);
    if (inherits) this.#lists!.remove(descriptor);
    return true;
  }

  #readList(directory: number, name: number): boolean {
    this.#lists ??= openAccessLists();
    const bytes = this.#lists.read(directory, name);
    this.#listBytes = Math.max(0, bytes);
    return bytes >= 0;
  }
}
