/** Permissions to create, replace and remove names in a directory, by its owner and mode. */

/** Access to a directory that the copy writes in. */
export interface DirectoryAccess {
  /** Other users can replace names in it: a name may refer to another file at any time. */
  shared: boolean;
  /** Only its owner and root can enter it. */
  sealed: boolean;
  /** Names can be created in it, but neither renamed nor removed (chattr +a). */
  appendOnly: boolean;
  /** Permission bits that its default access control list grants to new files; undefined if it has none. */
  newModes?: number;
}

/** Returns the user of this process; undefined if files have no owner on this system. */
export function ownUser(): number | undefined {
  return Deno.build.os === "windows" ? undefined : Deno.uid() ?? undefined;
}

/**
 * Returns whether users other than this one and root can create and remove names in a directory. The group bits of the
 * mode include the mask of an access control list.
 *
 * @param user user of this process; undefined if files have no owner on this system.
 */
export function isShared(user: number | undefined, { uid, mode }: { uid: number; mode: number }): boolean {
  return user !== undefined && ((uid !== user && uid !== 0) || (mode & 0o022) !== 0);
}

/** Returns whether only this user and root can enter a directory. */
export function isSealed(user: number | undefined, { uid, mode }: { uid: number; mode: number }): boolean {
  return uid === user && (mode & 0o077) === 0;
}

/**
 * Returns whether a user other than root may delete or replace a file that this user can write next to. In a sticky
 * directory, such as /tmp, only the owner of the file or of the directory may.
 */
export function mayDelete(user: number, file: { uid: number }, directory: { uid: number; mode: number }): boolean {
  return (directory.mode & 0o1000) === 0 || file.uid === user || directory.uid === user;
}

/**
 * Returns whether another user may have created a file or symbolic link in a directory to receive the data of this user. The
 * directory is sticky, such as /tmp, and others can write to it. The owner of the entry is neither this user nor the owner
 * of the directory. This is the rule of fs.protected_regular=2 (proc_sys_fs(5)), on every system and for root too.
 *
 * @param user User of this process; undefined if files have no owner on this system.
 */
export function mayBePlanted(
  user: number | undefined,
  entry: { uid: number },
  directory: { uid: number; mode: number },
): boolean {
  return user !== undefined && entry.uid !== user && entry.uid !== directory.uid && (directory.mode & 0o1000) !== 0 &&
    (directory.mode & 0o022) !== 0;
}
