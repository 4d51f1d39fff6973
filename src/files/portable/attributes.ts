/** Sets mode, owner and times by path, if `Deno.*` and the system support them. */

import type { FileError } from "../../errors.ts";
import { type Attributes, FileStat } from "../stat/file_stat.ts";
import { readPath, timeOf } from "./stat.ts";
import { preservedMode } from "../stat/target_mode.ts";
import { isRareTime, isTimeKept, replacedTime, unsetTime } from "../stat/time_failure.ts";

export class PortableAttributes {
  readonly #unix = Deno.build.os !== "windows";
  readonly #user = this.#unix ? Deno.uid() : null;
  readonly #stat = new FileStat();

  /**
   * Sets owner (if permitted), times and mode.
   *
   * @param text Path for messages.
   * @returns Failure to set the times; undefined if they were set.
   * @throws errors of `Deno.chmodSync`.
   */
  preserve(path: string, from: Attributes, text: string): FileError | undefined {
    const owned = this.setOwner(path, from.uid, from.gid) &&
      ((from.mode & 0o6000) === 0 || isOwnedBy(path, from.uid, from.gid));
    const timeFailure = this.#setTimes(path, timeOf(from.atime, from.atimeNs), from, text);
    // Setting the owner clears setuid and setgid, so the mode comes after it.
    this.setMode(path, preservedMode(from.mode, owned));
    return timeFailure;
  }

  /**
   * Sets the modification time. The access time becomes the present, because `Deno.utimeSync` cannot omit it.
   *
   * @returns As `preserve`.
   */
  setModificationTime(path: string, from: Attributes, text: string): FileError | undefined {
    return this.#setTimes(path, new Date(), from, text);
  }

  /** Sets owner and group if permitted. Returns whether both were set. */
  setOwner(path: string, uid: number, gid: number): boolean {
    if (!this.#unix) return false;
    try {
      Deno.chownSync(path, this.#user === 0 ? uid : null, gid);
      return this.#user === 0 || uid === this.#user;
    } catch {
      // Only root can change the owner. A copy that belongs to this user is not a failure.
      return false;
    }
  }

  setMode(path: string, mode: number): void {
    if (this.#unix) Deno.chmodSync(path, mode);
  }

  #setTimes(path: string, atime: Date | number, from: Attributes, text: string): FileError | undefined {
    try {
      setTimes(path, atime, timeOf(from.mtime, from.mtimeNs));
      if (!isRareTime(from.mtime)) return undefined;
      readPath(path, { follow: true }, this.#stat);
    } catch (error) {
      return unsetTime(text, error);
    }
    return isTimeKept(from.mtime, this.#stat.mtime) ? undefined : replacedTime(text);
  }
}

/** Deno before 2.9 cannot set a fraction of a second before 1970: set the whole second instead. */
function setTimes(path: string, atime: Date | number, mtime: Date | number): void {
  try {
    Deno.utimeSync(path, atime, mtime);
  } catch (error) {
    const whole = [atime, mtime].map((time) => time instanceof Date ? Math.floor(time.getTime() / 1000) : time);
    if (whole.every((seconds) => seconds >= 0)) throw error;
    Deno.utimeSync(path, whole[0], whole[1]);
  }
}

/** Returns whether a file has this owner and group. Some file systems accept chown(2) and ignore it. */
function isOwnedBy(path: string, uid: number, gid: number): boolean {
  const info = Deno.lstatSync(path);
  return info.uid === uid && info.gid === gid;
}
