/** Mode, owner and times by path, as far as `Deno.*` and the system have them. */

import type { Attributes } from "./file_stat.ts";
import { dateOf } from "./portable_stat.ts";
import { preservedMode } from "./target_mode.ts";

export class PortableAttributes {
  readonly #unix = Deno.build.os !== "windows";
  readonly #user = this.#unix ? Deno.uid() : null;

  /** Everything of the source, as far as it is permitted. @throws what `Deno.chmodSync` or `Deno.utimeSync` throw. */
  preserve(path: string, from: Attributes): void {
    const owned = this.setOwner(path, from.uid, from.gid) &&
      ((from.mode & 0o6000) === 0 || isOwnedBy(path, from.uid, from.gid));
    Deno.utimeSync(path, dateOf(from.atime, from.atimeNs), dateOf(from.mtime, from.mtimeNs));
    // Setting the owner clears setuid and setgid, so the mode comes after it.
    this.setMode(path, preservedMode(from.mode, owned));
  }

  /** The time of the last access becomes the present: `Deno.utimeSync` cannot leave it alone. */
  setModificationTime(path: string, from: Attributes): void {
    Deno.utimeSync(path, new Date(), dateOf(from.mtime, from.mtimeNs));
  }

  /** Owner and group as far as permitted. Returns whether both are now what was asked for. */
  setOwner(path: string, uid: number, gid: number): boolean {
    if (!this.#unix) return false;
    try {
      Deno.chownSync(path, this.#user === 0 ? uid : null, gid);
      return this.#user === 0 || uid === this.#user;
    } catch {
      // Only root may give files away; that the copy stays ours is no failure.
      return false;
    }
  }

  setMode(path: string, mode: number): void {
    if (this.#unix) Deno.chmodSync(path, mode);
  }
}

/** Returns whether a file has this owner and group. Some file systems accept chown(2) and ignore it. */
function isOwnedBy(path: string, uid: number, gid: number): boolean {
  const info = Deno.lstatSync(path);
  return info.uid === uid && info.gid === gid;
}
