/** Extended attributes and access control lists, by system calls. Loaded only if requested. */

import { escapePath, FileError } from "../../errors.ts";
import { Errno, errnoName, errnoText } from "../../native/libc/errno.ts";
import type { FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { openXattrCalls, type XattrCalls } from "../../native/file/xattr_calls.ts";
import { MAX_XATTR_VALUE_BYTES } from "../../protocol/limits.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { SETTING_XATTRS } from "../../protocol/failure.ts";
import { ACCESS_LIST, decodeXattrs, DEFAULT_LIST, encodeXattrs, isKnownXattr } from "../../protocol/data/xattrs.ts";
import { failedCall } from "../stat/file_failure.ts";
import { SCRATCH_BYTES } from "./open.ts";

/** Name of the attribute that grants privileges to every user who runs the file (capabilities(7)). */
const CAPABILITY = "security.capability";
/** XATTR_LIST_MAX. */
const LIST_BYTES = 64 << 10;

/** Kinds of attributes that are copied. */
export interface XattrChoice {
  xattrs?: boolean;
  acls?: boolean;
}

/** An attribute that could not be set. */
export interface Refusal {
  name: string;
  errno: number;
}

/** Reads the attributes of sources. */
export class XattrReader {
  readonly #xattrs: XattrCalls;
  readonly #calls: FileCalls;
  readonly #choice: XattrChoice;
  readonly #isRoot: boolean;
  readonly #place = new PinnedBuffer(SCRATCH_BYTES);
  readonly #list = new PinnedBuffer(LIST_BYTES);
  readonly #value = new PinnedBuffer(MAX_XATTR_VALUE_BYTES);

  constructor(calls: FileCalls, choice: XattrChoice) {
    this.#xattrs = openXattrCalls();
    this.#calls = calls;
    this.#choice = choice;
    this.#isRoot = calls.geteuid() === 0;
  }

  /**
   * Returns the attributes of a file as a block; undefined if there are none.
   *
   * @param path Path for system calls, for example below /proc/self/fd.
   * @param text Path for messages.
   * @throws {FileError}
   */
  read(path: string, text: string, options: { follow: boolean }): Uint8Array<ArrayBuffer> | undefined {
    const { listxattr, llistxattr } = this.#xattrs;
    const { getxattr, lgetxattr } = this.#calls;
    const list = options.follow ? listxattr : llistxattr;
    const get = options.follow ? getxattr : lgetxattr;
    const bytes = encodeName(path);
    if (bytes.length >= SCRATCH_BYTES) throw failedCall("read extended attributes of", text, Errno.ENAMETOOLONG);
    const place = this.#place.putName(bytes);
    const length = list(place, this.#list.address, LIST_BYTES);
    if (length < 0) {
      const errno = this.#calls.errno();
      if (errno === Errno.EOPNOTSUPP) return undefined;
      throw failedCall("read extended attributes of", text, errno);
    }
    const found: { name: Uint8Array; value: Uint8Array }[] = [];
    for (let at = 0; at < length;) {
      const end = this.#list.bytes.indexOf(0, at);
      const name = this.#list.bytes.slice(at, end);
      const address = this.#list.address + at;
      at = end + 1;
      if (!this.#wants(decodeName(name))) continue;
      const size = get(place, address, this.#value.address, MAX_XATTR_VALUE_BYTES);
      if (size >= 0) found.push({ name, value: this.#value.bytes.slice(0, size) });
      else {
        const errno = this.#calls.errno();
        // The attribute was removed since it was listed.
        if (errno !== Errno.ENODATA) throw failedCall("read extended attributes of", text, errno);
      }
    }
    if (found.length === 0) return undefined;
    const block = encodeXattrs(found);
    if (block) return block;
    throw new FileError("copy extended attributes of", text, "they take more than 128 KiB", { code: "E2BIG" });
  }

  #wants(name: string): boolean {
    if (name === ACCESS_LIST || name === DEFAULT_LIST) return this.#choice.acls === true;
    if (!this.#choice.xattrs || !isKnownXattr(name)) return false;
    return this.#isRoot || name.startsWith("user.");
  }
}

/** Sets the attributes of targets. */
export class XattrWriter {
  readonly #xattrs: XattrCalls;
  readonly #calls: FileCalls;
  readonly #choice: XattrChoice;
  readonly #isPrivileged: boolean;
  readonly #place = new PinnedBuffer(512);
  readonly #name = new PinnedBuffer(256);
  readonly #value = new PinnedBuffer(MAX_XATTR_VALUE_BYTES);

  /**
   * @param choice With `preserve`, root also sets trusted.* and security.*: a capability grants privileges to every user who
   * runs the file, as setuid does.
   */
  constructor(calls: FileCalls, choice: XattrChoice & { preserve: boolean }) {
    this.#xattrs = openXattrCalls();
    this.#calls = calls;
    this.#choice = choice;
    this.#isPrivileged = choice.preserve && calls.geteuid() === 0;
  }

  /**
   * Sets all extended attributes except access control lists on a descriptor. Its owner must be set: chown(2) removes some.
   *
   * @param owned Whether owner and group match the source; otherwise a capability is refused.
   */
  setPlain(descriptor: number, block: Uint8Array | undefined, { owned }: { owned: boolean }): Refusal | undefined {
    if (!block || !this.#choice.xattrs) return undefined;
    return this.#setPlain(this.#calls.setxattr, this.#putPlace(`${descriptor}`), block, owned);
  }

  /**
   * As `setPlain`, on a symbolic link.
   *
   * @param link Descriptor of the link, or the descriptor of its directory, a slash and its name.
   */
  setOfLink(link: string, block: Uint8Array | undefined): Refusal | undefined {
    if (!block || !this.#choice.xattrs) return undefined;
    // A name in /proc refers to the open link itself, and not to its target.
    const call = link.includes("/") ? this.#xattrs.lsetxattr : this.#calls.setxattr;
    return this.#setPlain(call, this.#putPlace(link), block, false);
  }

  /** Sets the access control lists, and removes inherited ones that the source lacks. Must be called last. */
  setLists(descriptor: number, block: Uint8Array | undefined, options: { isDirectory: boolean }): Refusal | undefined {
    if (!this.#choice.acls) return undefined;
    const place = this.#putPlace(`${descriptor}`);
    const lists = new Map<string, Uint8Array>();
    for (const { name, value } of block ? decodeXattrs(block) : []) lists.set(name, value);
    let refused: Refusal | undefined;
    for (const name of options.isDirectory ? [ACCESS_LIST, DEFAULT_LIST] : [ACCESS_LIST]) {
      const value = lists.get(name);
      // If one list is refused, the other one is still set.
      if (value) refused = this.#set(this.#calls.setxattr, place, name, value) ?? refused;
      else if (this.#calls.removexattr(place, this.#name.putName(encodeName(name))) !== 0) {
        const errno = this.#calls.errno();
        if (errno !== Errno.ENODATA && errno !== Errno.EOPNOTSUPP) refused ??= { name, errno };
      }
    }
    return refused;
  }

  /** Returns the failure of a file that has its final name, but lacks an attribute. */
  failure(text: string, { name, errno }: Refusal): FileError {
    return new FileError(SETTING_XATTRS, text, `${escapePath(name)}: ${errnoText(errno)}`, {
      code: errnoName(errno),
      hint: "The contents were copied. Omit --xattrs or --acls if the target does not support them",
    });
  }

  #setPlain(call: FileCalls["setxattr"], place: number, block: Uint8Array, owned: boolean): Refusal | undefined {
    let refused: Refusal | undefined;
    for (const { name, value } of decodeXattrs(block)) {
      if (name === ACCESS_LIST || name === DEFAULT_LIST) continue;
      if (!this.#isPrivileged && !name.startsWith("user.")) continue;
      if (name === CAPABILITY && !owned) refused = { name, errno: Errno.EPERM };
      else refused = this.#set(call, place, name, value) ?? refused;
    }
    return refused;
  }

  #set(call: FileCalls["setxattr"], place: number, name: string, value: Uint8Array): Refusal | undefined {
    this.#value.bytes.set(value);
    const address = this.#name.putName(encodeName(name));
    if (call(place, address, this.#value.address, value.length, 0) === 0) return undefined;
    return { name, errno: this.#calls.errno() };
  }

  #putPlace(place: string): number {
    return this.#place.putName(encodeName(`/proc/self/fd/${place}`));
  }
}
