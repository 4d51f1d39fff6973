/** Permissions of copied files and directories. Pure: engines examine and set modes, these functions compute them. */

import type { FinishedDirectory } from "../engine/target.ts";

/** Mode of a temporary file until right before it gets its final name. */
export const TEMPORARY_MODE = 0o600;

/** Without `preserve`: as scp, the source's rwx bits less the umask; never setuid, setgid or sticky. */
export function plainMode(sourceMode: number, umask: number): number {
  return sourceMode & 0o777 & ~umask;
}

/** A file that is replaced keeps its permissions; what a write in place would clear is cleared. */
export function keptMode(existingMode: number): number {
  return existingMode & 0o1777;
}

/** With `preserve`: setuid and setgid only under the owner and group that they were meant for. */
export function preservedMode(sourceMode: number, ownerIsSame: boolean): number {
  return sourceMode & (ownerIsSame ? 0o7777 : 0o1777);
}

/** What a directory has from when it is made until the copy ends: the sticky bit tells those that were left so. */
export const NEW_DIRECTORY_MODE = 0o1700;

/**
 * Whether an interrupted copy has made a directory, and left it without its permissions.
 *
 * @param continued whether this copy goes on with that of which the directory is a part: not every system lets the bit be set.
 */
export function isUnfinishedDirectory(mode: number, continued = false): boolean {
  return (mode & 0o1777) === NEW_DIRECTORY_MODE || (continued && (mode & 0o777) === (NEW_DIRECTORY_MODE & 0o777));
}

/**
 * Returns the mode that a directory gets at the end of a copy, unless it is preserved. Inherited setgid stays.
 *
 * @param current Current mode.
 * @param newModes Returns the permission bits that a default access control list grants to new directories.
 * @returns undefined if the mode stays.
 */
export function finishedMode(
  directory: FinishedDirectory,
  current: number,
  umask: number,
  newModes: () => number,
): number | undefined {
  if (!directory.created && !isUnfinishedDirectory(current, directory.continued)) return directory.mode;
  return plainDirectoryMode(directory.attributes?.mode ?? 0o777, umask, current) & (newModes() | 0o7000);
}

/** Permissions of a directory that was made for this copy; setgid that it inherited stays. */
export function plainDirectoryMode(sourceMode: number, umask: number, currentMode: number): number {
  return plainMode(sourceMode, umask) | (currentMode & 0o2000);
}
