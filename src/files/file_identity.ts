/** Identity of a file or directory, independent of its name: the name may refer to another file when it is opened. */

import { FileError } from "../errors.ts";

/** Identifies a file of this machine. */
export interface FileIdentity {
  dev: number;
  /** Not exact above 2**53; 0 if the system has no inodes. */
  inode: number;
}

/** Identity of a file that was not examined. */
export const UNKNOWN_FILE: FileIdentity = { dev: 0, inode: 0 };

/** Returns the identity in what `Deno.stat` returns. */
export function identityOf({ dev, ino }: Deno.FileInfo): FileIdentity {
  return { dev, inode: ino ?? 0 };
}

/** Returns whether both identify one file. An identity without an inode matches any other. */
export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.inode === 0 || other.inode === 0 || (one.inode === other.inode && one.dev === other.dev);
}

/** Returns the failure of a file whose temporary name refers to another file. */
export function planted(act: string, path: string): FileError {
  return new FileError(act, path, "another file has taken the place of its temporary file", {
    code: "ESTALE",
    hint: "Let nobody else write in that directory, or choose another one, then copy it again",
  });
}

/** Returns the failure of a source whose path refers to another file than the one that was found. */
export function replaced(act: string, path: string): FileError {
  return new FileError(act, path, "another file has taken its place", {
    code: "ESTALE",
    hint: "Copy it again when nobody changes its directory",
  });
}

/** Returns the failure of a directory whose path refers to another one than was examined. */
export function swapped(act: string, path: string): FileError {
  return new FileError(act, path, "another directory has taken its place", {
    code: "ESTALE",
    hint: "Let nobody else rename the directories on that path, then copy it again",
  });
}
