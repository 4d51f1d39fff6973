/** Access control lists and access to directories, by system calls. A directory is examined once. */

import { type FileCalls, openFileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { encodeName } from "../../protocol/names.ts";
import { ACCESS_LIST, DEFAULT_LIST } from "../../protocol/data/xattrs.ts";
import { defaultListModes } from "../target/access_list.ts";
import { type DirectoryAccess, isSealed, isShared } from "../target/directory_access.ts";
import { descriptorPath, magicLink } from "./open.ts";

/** XATTR_SIZE_MAX. */
const LIST_BYTES = 64 << 10;
/** NAME_MAX, and the NUL. */
const NAME_BYTES = 256;

let opened: AccessLists | undefined;

/** Returns the access control lists of this thread. */
export function openAccessLists(): AccessLists {
  return opened ??= new AccessLists();
}

/** Reads and sets access control lists. Names are addresses of NUL-terminated bytes, as for `FileCalls`. */
export class AccessLists {
  /** The list that was read last. */
  readonly list = new PinnedBuffer(LIST_BYTES);
  readonly #calls = openFileCalls();
  readonly #place = new PinnedBuffer(64);
  readonly #path = new PinnedBuffer(64 + NAME_BYTES);
  /** Directory at the start of `#path`, and the length of that part. */
  #directory = -1;
  #prefix = 0;
  readonly #access = nameOf(ACCESS_LIST);
  readonly #default = nameOf(DEFAULT_LIST);

  /** Returns the permission bits that the default list of an open directory grants; undefined if it has none. */
  defaultModes(descriptor: number): number | undefined {
    const place = magicLink(descriptor, this.#place);
    const bytes = this.#calls.getxattr(place, this.#default.address, this.list.address, LIST_BYTES);
    return bytes > 0 ? defaultListModes(this.list.view, bytes) : undefined;
  }

  /** Reads the list of a file, without following a link. @returns its length; below 0 if there is none. */
  read(directory: number, name: number): number {
    if (directory !== this.#directory) {
      const prefix = encodeName(`${descriptorPath(directory)}/`);
      this.#path.bytes.set(prefix);
      this.#directory = directory;
      this.#prefix = prefix.length;
    }
    if (!this.#calls.copyName(this.#path.address + this.#prefix, name, NAME_BYTES)) return -1;
    return this.#calls.lgetxattr(this.#path.address, this.#access.address, this.list.address, LIST_BYTES);
  }

  /** Removes the list of an open file, which may be opened with O_PATH. */
  remove(descriptor: number): void {
    this.#calls.removexattr(magicLink(descriptor, this.#place), this.#access.address);
  }

  /** Sets the last list on an open file, which may be opened with O_PATH. @returns whether that succeeded. */
  set(descriptor: number, bytes: number): boolean {
    const place = magicLink(descriptor, this.#place);
    return this.#calls.setxattr(place, this.#access.address, this.list.address, bytes, 0) === 0;
  }
}

/** Examines open directories. */
export class AccessReader {
  readonly #statx: Statx;
  readonly #lists: AccessLists;
  readonly #user: number;

  constructor(calls: FileCalls) {
    this.#statx = new Statx(calls);
    this.#lists = openAccessLists();
    this.#user = calls.geteuid();
  }

  /** Returns the access to a directory. @param descriptor May be opened with O_PATH. */
  of(descriptor: number): DirectoryAccess {
    const newModes = this.#lists.defaultModes(descriptor);
    // If the status is unknown, assume the worst.
    if (!this.#statx.fillOpen(descriptor)) {
      return { shared: true, sealed: false, appendOnly: false, newModes };
    }
    const owner = { uid: this.#statx.uid, mode: this.#statx.mode };
    return {
      shared: isShared(this.#user, owner),
      sealed: isSealed(this.#user, owner),
      appendOnly: this.#statx.isAppendOnly,
      newModes,
    };
  }
}

function nameOf(text: string): PinnedBuffer {
  const scratch = new PinnedBuffer(text.length + 1);
  scratch.putName(encodeName(text));
  return scratch;
}
