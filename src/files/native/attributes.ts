/** Sets mode, owner and times of files and directories, by descriptor. */

import { Errno } from "../../native/libc/errno.ts";
import { AT_EMPTY_PATH, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { putInt53, putUint53 } from "../../protocol/data/records.ts";
import type { Attributes } from "../stat/file_stat.ts";
import { preservedMode } from "../stat/target_mode.ts";
import { isRareTime, isTimeKept } from "../stat/time_failure.ts";
import { magicLink } from "./open.ts";

/** (uid_t) -1: leaves the owner unchanged. */
export const UNCHANGED_OWNER = 0xffffffff;
/** UTIME_OMIT of utimensat(2): leaves a time unchanged. */
const UNCHANGED_TIME = 0x3ffffffe;

export class NativeAttributes {
  readonly #calls: FileCalls;
  readonly #user: number;
  readonly #group: number;
  readonly #times = new PinnedBuffer(32);
  readonly #statx: Statx;
  #timeErrno = 0;
  readonly #empty = new PinnedBuffer(8);
  readonly #link = new PinnedBuffer(64);

  constructor(calls: FileCalls) {
    this.#calls = calls;
    this.#user = calls.geteuid();
    this.#group = calls.getegid();
    this.#statx = new Statx(calls);
  }

  get user(): number {
    return this.#user;
  }

  get isRoot(): boolean {
    return this.#user === 0;
  }

  /**
   * Sets the mode and the times of the source. The owner must be set before, because that clears setuid and setgid.
   * Returns whether the mode could be set; `takeTimeErrno` returns the error of the times.
   *
   * @param owned whether owner and group are those of the source.
   */
  setModeAndTimes(descriptor: number, from: Attributes, owned: boolean): boolean {
    this.setTimes(descriptor, from);
    return this.#calls.fchmod(descriptor, preservedMode(from.mode, owned)) === 0;
  }

  /** Sets the times of the source. `takeTimeErrno` returns the error. */
  setTimes(descriptor: number, from: Attributes): void {
    this.#setTimes(descriptor, from, this.putTimes(from));
  }

  /** Sets only the modification time. `takeTimeErrno` returns the error. */
  setModificationTime(descriptor: number, from: Attributes): void {
    this.#setTimes(descriptor, from, this.putModificationTime(from));
  }

  /** Returns and clears the error number of setting times; 0 if they were set. */
  takeTimeErrno(): number {
    const errno = this.#timeErrno;
    this.#timeErrno = 0;
    return errno;
  }

  /** Returns whether the file system lacks the modification time that was just set. */
  isTimeReplaced(directory: number, name: number, flags: number, { mtime }: Attributes): boolean {
    return isRareTime(mtime) && this.#statx.fill(directory, name, flags) && !isTimeKept(mtime, this.#statx.mtime);
  }

  /** Sets owner and group if permitted. Returns whether both were set. */
  setOwner(descriptor: number, uid: number, gid: number): boolean {
    const calls = this.#calls;
    if (this.isRoot) return calls.fchown(descriptor, uid, gid) === 0;
    return calls.fchown(descriptor, UNCHANGED_OWNER, gid) === 0 && uid === this.#user;
  }

  /** Returns whether an open file has this owner and group. Some file systems accept chown(2) and ignore it. */
  isOwnedBy(descriptor: number, uid: number, gid: number): boolean {
    return this.#statx.fillOpen(descriptor) && this.#statx.uid === uid &&
      this.#statx.gid === gid;
  }

  /** Sets owner and group, if permitted, of a file that may be opened with O_PATH. */
  setOwnerOfPath(descriptor: number, uid: number, gid: number): void {
    const owner = this.isRoot ? uid : UNCHANGED_OWNER;
    this.#calls.fchownat(descriptor, this.#empty.address, owner, gid, AT_EMPTY_PATH);
  }

  /** As fchmod(2), also of a descriptor that was opened with O_PATH. Returns 0 or the error number. */
  setModeOfPath(descriptor: number, mode: number): number {
    return this.#calls.chmod(magicLink(descriptor, this.#link), mode) === 0 ? 0 : this.#calls.errno();
  }

  /** Returns whether new files of this process have this owner and group. */
  isOwn(uid: number, gid: number): boolean {
    return uid === this.#user && gid === this.#group;
  }

  #setTimes(descriptor: number, from: Attributes, times: number): void {
    const calls = this.#calls;
    this.#timeErrno = calls.futimens(descriptor, times) === 0 ? 0 : calls.errno();
    if (this.#timeErrno !== 0) return;
    if (this.isTimeReplaced(descriptor, this.#empty.address, AT_EMPTY_PATH, from)) this.#timeErrno = Errno.ERANGE;
  }

  /** Writes the times for futimens(2). Returns their address. */
  putTimes(from: Attributes): number {
    const view = this.#times.view;
    putInt53(view, 0, from.atime);
    putUint53(view, 8, from.atimeNs);
    putInt53(view, 16, from.mtime);
    putUint53(view, 24, from.mtimeNs);
    return this.#times.address;
  }

  /** As `putTimes`, with an unchanged access time. */
  putModificationTime(from: Attributes): number {
    const address = this.putTimes(from);
    putUint53(this.#times.view, 8, UNCHANGED_TIME);
    return address;
  }
}

/** Returns the umask of this process, without changing it for other threads; 0o777 if unknown. */
export function readUmask(): number {
  try {
    const line = /^Umask:\s*([0-7]+)/m.exec(Deno.readTextFileSync("/proc/self/status"));
    return line ? parseInt(line[1], 8) : 0o777;
  } catch {
    return 0o777;
  }
}
