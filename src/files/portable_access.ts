/**
 * Who else can change what a path stands for. `Deno.*` works on paths alone: where others can write along a path, what is
 * done by it must be looked at before and after.
 */

import { type FileIdentity, identityOf, isSameFile } from "./file_identity.ts";
import { isShared, ownUser } from "./directory_access.ts";
import { codeOf } from "./file_failure.ts";
import { folderOf, joinPath } from "./local_path.ts";

/** Of a directory or file, as `Deno.*` tells it. */
type Owned = Pick<Deno.FileInfo, "uid" | "mode">;

/** Whether others can create and remove names in a directory. */
export function isSharedByOthers({ uid, mode }: Owned): boolean {
  return isShared(ownUser(), { uid: uid ?? 0, mode: mode ?? 0 });
}

/** Whether others can put something else under the name of `entry` in a directory: in one such as /tmp only its owner can. */
export function canOthersReplace(directory: Owned, entry: Owned): boolean {
  if (!isSharedByOthers(directory)) return false;
  const isTrusted = ({ uid }: Owned) => uid === 0 || uid === ownUser();
  const isSticky = ((directory.mode ?? 0) & 0o1000) !== 0;
  return !(isSticky && isTrusted(directory) && isTrusted(entry));
}

/**
 * Whether others can put another directory in the place of this one, anywhere on its path.
 *
 * @param path absolute.
 * @throws what `Deno.*` throws.
 */
export function canOthersSwap(path: string): boolean {
  if (ownUser() === undefined) return false;
  let below = Deno.statSync(path);
  for (let at = Deno.realPathSync(path);;) {
    const above = folderOf(at);
    if (above === at || above === ".") return false;
    const info = Deno.lstatSync(above);
    if (canOthersReplace(info, below)) return true;
    [at, below] = [above, info];
  }
}

/** Whether a path leads to a certain file or directory. */
export function leadsTo(path: string, identity: FileIdentity, options: { follow: boolean }): boolean {
  try {
    return isSameFile(identityOf(options.follow ? Deno.statSync(path) : Deno.lstatSync(path)), identity);
  } catch {
    return false;
  }
}

/**
 * Permission bits that the default access control list of a directory, which no call here can see, leaves to new files. An
 * empty file that is gone at once tells.
 *
 * @param name of a file that does not exist.
 * @throws what `Deno.*` throws.
 */
export function newModesIn(directory: string, name: string): number {
  if (ownUser() === undefined) return 0o777;
  const path = joinPath(directory, name);
  try {
    using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o777 });
    Deno.removeSync(path);
    const modes = (file.statSync().mode ?? 0o777) & 0o777;
    // Without such a list it was the umask that took something away.
    return modes === (0o777 & ~Deno.umask()) ? 0o777 : modes;
  } catch (error) {
    const code = codeOf(error);
    // A full disk is no reason to leave what is complete without its mode.
    if (code === "ENOSPC" || code === "EDQUOT") return 0o777;
    throw error;
  }
}
