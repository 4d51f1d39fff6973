/** Permissions of copied files and directories. Pure: engines examine and set modes, these functions compute them. */

import type { FinishedDirectory } from "../engine/directory_writer.ts";
import type { TargetOptions } from "../engine/target_options.ts";

/** Mode of a temporary file until the commit. */
export const TEMPORARY_MODE = 0o600;

/** Returns the mode without `preserve`: as scp, the rwx bits of the source minus the umask, never setuid, setgid or sticky. */
export function plainMode(sourceMode: number, umask: number): number {
  return sourceMode & 0o777 & ~umask;
}

/** Returns the mode of a file that replaces another one: the same permissions, without the bits that a write clears. */
export function keptMode(existingMode: number): number {
  return existingMode & 0o1777;
}

/** Returns the mode with `preserve`: setuid and setgid only if owner and group are those of the source. */
export function preservedMode(sourceMode: number, ownerIsSame: boolean): number {
  return sourceMode & (ownerIsSame ? 0o7777 : 0o1777);
}

/** Mode of a new directory until the end of the copy. The sticky bit marks directories that an interrupted copy left. */
export const NEW_DIRECTORY_MODE = 0o1700;

/**
 * Returns whether an interrupted copy has created a directory and left it without its permissions.
 *
 * @param continued Whether this copy resumes the one that created it: then the sticky bit, which some systems refuse, is
 * not required.
 */
function isUnfinishedDirectory(mode: number, continued = false): boolean {
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
  { umask, defaultDirectoryMode = 0o777 }: Pick<TargetOptions, "umask" | "defaultDirectoryMode">,
  newModes: () => number,
): number | undefined {
  if (!directory.created && !isUnfinishedDirectory(current, directory.continued)) return directory.mode;
  return plainDirectoryMode(directory.attributes?.mode ?? defaultDirectoryMode, umask, current) & (newModes() | 0o7000);
}

/** Returns the mode of a directory that this copy created. Inherited setgid stays. */
export function plainDirectoryMode(sourceMode: number, umask: number, currentMode: number): number {
  return plainMode(sourceMode, umask) | (currentMode & 0o2000);
}
