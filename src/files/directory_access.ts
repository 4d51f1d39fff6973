/** Who can change what is in a directory, by its owner and mode. */

/** What is known of a directory that is written in. */
export interface DirectoryAccess {
  /** Others can replace names in it: a name may stand for another file at any time. */
  shared: boolean;
  /** Nobody else can even enter it. */
  sealed: boolean;
  /** Permission bits that its default access control list leaves to new files; undefined: it has none. */
  newModes?: number;
}

/** The user of this process; undefined where files have no owner. */
export function ownUser(): number | undefined {
  return Deno.build.os === "windows" ? undefined : Deno.uid() ?? undefined;
}

/**
 * Whether others than this user and root can create and remove names in a directory. The mask of an access control list
 * shows in the group's bits.
 *
 * @param user this process's own; undefined where files have no owner.
 */
export function isShared(user: number | undefined, { uid, mode }: { uid: number; mode: number }): boolean {
  return user !== undefined && ((uid !== user && uid !== 0) || (mode & 0o022) !== 0);
}

/** Whether only its owner, and root, can enter a directory. */
export function isSealed(user: number | undefined, { uid, mode }: { uid: number; mode: number }): boolean {
  return uid === user && (mode & 0o077) === 0;
}
