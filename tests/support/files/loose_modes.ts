/** Permissions with which another user may change a file or directory. */

import { OTHER_USER } from "./plain_rights.ts";

/** States of a path, and functions that bring a path into them. Only root can give a path to another user. */
export const LOOSE_MODES: readonly [state: string, loosen: (path: string) => Promise<void>, ignore?: boolean][] = [
  ["group-writable", (path) => Deno.chmod(path, 0o770)],
  ["world-writable", (path) => Deno.chmod(path, 0o777)],
  ["sticky world-writable", (path) => Deno.chmod(path, 0o1777)],
  ["foreign", (path) => Deno.chown(path, OTHER_USER, null), Deno.uid() !== 0],
];
