/**
 * Checks whether other users can replace the files that a path refers to. `Deno.*` takes paths only: if others can write to
 * a directory on the path, the path must be checked before and after each use.
 */

import { type FileIdentity, identityOf, isSameFile } from "../stat/file_identity.ts";
import { isShared, ownUser } from "../target/directory_access.ts";
import { codeOf, failedDeno, unexpectedLink } from "../stat/file_failure.ts";
import { directoryOf, joinPath } from "../path/local_path.ts";
import { realPath } from "../path/real_path.ts";

/** Owner and mode of a directory or file. */
type Owned = Pick<Deno.FileInfo, "uid" | "mode">;

/** Returns whether other users can create and remove names in a directory. */
export function isSharedByOthers({ uid, mode }: Owned): boolean {
  return isShared(ownUser(), { uid: uid ?? 0, mode: mode ?? 0 });
}

/** Returns whether other users can replace `entry` in a directory. In a sticky directory only its owner can. */
export function canOthersReplace(directory: Owned, entry: Owned): boolean {
  if (!isSharedByOthers(directory)) return false;
  const isTrusted = ({ uid }: Owned) => uid === 0 || uid === ownUser();
  const isSticky = ((directory.mode ?? 0) & 0o1000) !== 0;
  return !(isSticky && isTrusted(directory) && isTrusted(entry));
}

/**
 * Returns whether other users can replace a directory, or any directory above it.
 *
 * @param path absolute path.
 * @throws errors of `Deno.*`.
 */
export function canOthersSwap(path: string): boolean {
  if (ownUser() === undefined) return false;
  let below = Deno.statSync(path);
  for (let at = realPath(path);;) {
    const above = directoryOf(at);
    if (above === at || above === ".") return false;
    const info = Deno.lstatSync(above);
    if (canOthersReplace(info, below)) return true;
    [at, below] = [above, info];
  }
}

/** Returns whether a path refers to this file or directory. */
export function refersTo(path: string, identity: FileIdentity, options: { follow: boolean }): boolean {
  try {
    return isSameFile(identityOf(options.follow ? Deno.statSync(path) : Deno.lstatSync(path)), identity);
  } catch {
    return false;
  }
}

/** Checks directories below roots for symbolic links. */
export class LinkCheck {
  /** Root that was checked last, and its real path. */
  #root: { path: string; real: string } | undefined;

  /** @throws {FileError} if a directory between the root and root/path is a symbolic link. */
  check(root: string, path: string): void {
    if (this.#root?.path !== root) this.#root = { path: root, real: realPathOf(root) };
    const directory = joinPath(root, path);
    if (path !== "" && realPathOf(directory) !== joinPath(this.#root.real, path)) {
      throw unexpectedLink(directory, "read");
    }
  }
}

function realPathOf(path: string): string {
  try {
    return realPath(path);
  } catch (error) {
    throw failedDeno("read", path, error);
  }
}

/**
 * Returns the permission bits that the default access control list of a directory grants to new files. `Deno.*` cannot
 * read the list, so an empty file is created and removed.
 *
 * @param name name of a file that does not exist.
 * @throws errors of `Deno.*`.
 */
export function newModesIn(directory: string, name: string): number {
  if (ownUser() === undefined) return 0o777;
  const path = joinPath(directory, name);
  try {
    using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o777 });
    Deno.removeSync(path);
    const modes = (file.statSync().mode ?? 0o777) & 0o777;
    // Without a default list only the umask has removed bits.
    return modes === (0o777 & ~Deno.umask()) ? 0o777 : modes;
  } catch (error) {
    const code = codeOf(error);
    // On a full disk, complete files and directories must still get their modes.
    if (code === "ENOSPC" || code === "EDQUOT") return 0o777;
    throw error;
  }
}
