/** Operations on existing targets, by descriptor. */

import { AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../../native/file/calls.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import { SystemCallError } from "../../../native/libc/errno.ts";
import { encodeName } from "../../../protocol/names.ts";
import type { RangeReader } from "../../engine/source.ts";
import type { AttributeChanges } from "../../engine/target_comparer.ts";
import { failedWith } from "../../stat/file_failure.ts";
import { type FileIdentity, identityOfStat, isSameFile } from "../../stat/file_identity.ts";
import type { Attributes, FileStat } from "../../stat/file_stat.ts";
import { preservedMode } from "../../stat/target_mode.ts";
import { replacedTime, unsetTimeCall } from "../../stat/time_failure.ts";
import type { CompareCalls } from "../../write/target_comparer.ts";
import { SharedNaming } from "./naming.ts";
import { openEntry, openOnce } from "../open.ts";
import { NativeRangeReader } from "../range_reader.ts";
import type { NativeTargetDirectory } from "./directory.ts";

export class NativeCompareCalls implements CompareCalls<number> {
  readonly #directory: NativeTargetDirectory;
  readonly #calls: FileCalls;
  readonly #naming: SharedNaming;
  readonly #statx: Statx;
  readonly #other = new PinnedBuffer(257);

  constructor(directory: NativeTargetDirectory) {
    this.#directory = directory;
    this.#calls = directory.calls;
    this.#naming = new SharedNaming(directory.calls);
    this.#statx = new Statx(directory.calls);
  }

  get user(): number {
    return this.#directory.attributes.user;
  }

  open(name: number, stat: FileStat): RangeReader {
    const { closeOnExec, nonBlock, noTty, noFollow } = this.#calls.flags;
    const flags = closeOnExec | nonBlock | noTty | noFollow;
    const descriptor = openOnce(this.#calls, this.#directory.descriptor, name, flags);
    if (descriptor < 0) throw new SystemCallError(-descriptor);
    const reader = new NativeRangeReader(this.#calls, descriptor, this.#directory.textOf(name));
    if (isSameFile(reader.shared, stat)) return reader;
    reader.close();
    throw failedWith("read", reader.path, "ESTALE");
  }

  sync(name: number, stat: FileStat): void {
    const { closeOnExec, nonBlock, noTty, noFollow } = this.#calls.flags;
    const flags = closeOnExec | nonBlock | noTty | noFollow;
    const descriptor = openOnce(this.#calls, this.#directory.descriptor, name, flags);
    if (descriptor < 0) throw new SystemCallError(-descriptor);
    try {
      this.#statOpen(descriptor);
      if (!isSameFile(this.#statx, stat)) throw failedWith("write", this.#directory.textOf(name), "ESTALE");
      this.#check(this.#calls.fsync(descriptor));
    } finally {
      this.#calls.close(descriptor);
    }
  }

  setAttributes(
    name: number,
    stat: FileStat,
    source: Attributes,
    changes: AttributeChanges,
    xattrs: Uint8Array | undefined,
  ): void {
    const { attributes, descriptor, options: { preserve } } = this.#directory;
    if (changes.owner || changes.mode || this.#directory.xattrs) {
      this.#setByDescriptor(name, stat, source, changes, xattrs);
    }
    if (!changes.time) return;
    const times = preserve ? attributes.putTimes(source) : attributes.putModificationTime(source);
    if (this.#calls.utimensat(descriptor, name, times, AT_SYMLINK_NOFOLLOW) !== 0) {
      throw unsetTimeCall(this.#directory.textOf(name), this.#calls.errno());
    }
    if (attributes.isTimeReplaced(descriptor, name, AT_SYMLINK_NOFOLLOW, source)) {
      throw replacedTime(this.#directory.textOf(name));
    }
  }

  identityOf(name: string): FileIdentity | undefined {
    const isFound = this.#statx.fill(this.#directory.descriptor, this.#put(name), AT_SYMLINK_NOFOLLOW);
    return isFound ? identityOfStat(this.#statx) : undefined;
  }

  link(name: number, other: string): boolean {
    const { descriptor } = this.#directory;
    return this.#calls.linkat(descriptor, name, descriptor, this.#put(other), 0) === 0;
  }

  rename(name: number, other: string): void {
    const { descriptor } = this.#directory;
    this.#check(this.#calls.renameat(descriptor, name, descriptor, this.#put(other)));
  }

  unlink(name: number): void {
    this.#check(this.#calls.unlinkat(this.#directory.descriptor, name, 0));
  }

  restore(backup: string, name: number, kept: FileIdentity): boolean {
    const calls = this.#calls;
    const { descriptor } = this.#directory;
    const address = this.#put(backup);
    const place = openEntry(calls, descriptor, address);
    if (place < 0) return false;
    try {
      const isKept = this.#statx.fillOpen(place) && isSameFile(this.#statx, kept);
      return isKept && this.#naming.renameOpen(place, descriptor, address, name) === 0;
    } finally {
      calls.close(place);
    }
  }

  /** Sets owner, extended attributes, mode and lists in the order in which none resets another. */
  #setByDescriptor(
    name: number,
    stat: FileStat,
    source: Attributes,
    changes: AttributeChanges,
    block: Uint8Array | undefined,
  ): void {
    const { attributes, xattrs } = this.#directory;
    const place = openEntry(this.#calls, this.#directory.descriptor, name);
    if (place < 0) throw new SystemCallError(-place);
    try {
      this.#statOpen(place);
      if (!isSameFile(this.#statx, stat)) {
        throw failedWith("set the attributes of", this.#directory.textOf(name), "ESTALE");
      }
      if (changes.owner) attributes.setOwnerOfPath(place, source.uid, source.gid);
      this.#statOpen(place);
      const { uid, gid, mode } = this.#statx;
      const owned = uid === source.uid && gid === source.gid;
      let refused = xattrs?.setPlain(place, block, { owned });
      if (changes.owner || changes.mode) {
        const right = preservedMode(source.mode, owned);
        const errno = (mode & 0o7777) === right ? 0 : attributes.setModeOfPath(place, right);
        if (errno !== 0) throw new SystemCallError(errno);
      }
      refused = xattrs?.setLists(place, block, { isDirectory: false }) ?? refused;
      if (refused) throw xattrs!.failure(this.#directory.textOf(name), refused);
    } finally {
      this.#calls.close(place);
    }
  }

  #statOpen(descriptor: number): void {
    if (!this.#statx.fillOpen(descriptor)) {
      throw new SystemCallError(this.#calls.errno());
    }
  }

  #put(name: string): number {
    return this.#other.putName(encodeName(name));
  }

  #check(result: number): void {
    if (result !== 0) throw new SystemCallError(this.#calls.errno());
  }
}
