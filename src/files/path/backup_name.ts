/** Names of what a copy that is verified may have to go back to. Both are names of temporary files (temporary_name.ts). */

import { fnv1a } from "./fnv1a.ts";
import { temporaryName } from "./temporary_name.ts";

/** Of what had this name before the copy. @param token of the copy: it goes on with what it kept in an earlier life. */
export function backupName(token: string, name: Uint8Array): string {
  return derivedName(token, name);
}

/**
 * Whether this user, not root, may remove another name of the file from its directory. In one that all may write to, such as
 * /tmp, that is for the owner of either, and so is replacing it.
 */
export function mayDelete(user: number, file: { uid: number }, directory: { uid: number; mode: number }): boolean {
  return (directory.mode & 0o1000) === 0 || file.uid === user || directory.uid === user;
}

/** Of what was written under this name, and cannot be verified. */
export function unverifiedName(name: Uint8Array): string {
  return derivedName("unverified", name);
}

/** Always the same: whoever verifies may be in another thread than who has written. */
function derivedName(token: string, name: Uint8Array): string {
  const hash = fnv1a(name);
  return temporaryName(token, hash.slice(0, 8), hash.slice(8));
}
