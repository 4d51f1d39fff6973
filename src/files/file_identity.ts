/** Which file is meant, whatever its name: another file may have the name by the time that it is opened. */

import { FileError } from "../errors.ts";

/** Which file of this machine: the same pair, the same file. */
export interface FileIdentity {
  dev: number;
  /** Not exact above 2**53; 0 where the system has none. */
  inode: number;
}

/** Stands for a file that nobody has looked at. */
export const UNKNOWN_FILE: FileIdentity = { dev: 0, inode: 0 };

/** As `Deno.*` tells it. */
export function identityOf({ dev, ino }: Deno.FileInfo): FileIdentity {
  return { dev, inode: ino ?? 0 };
}

/** Whether both are one file. An identity without an inode agrees with every other one. */
export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.inode === 0 || other.inode === 0 || (one.inode === other.inode && one.dev === other.dev);
}

/** The failure of a file whose temporary file was replaced by somebody else. */
export function planted(act: string, path: string): FileError {
  return new FileError(act, path, "another file has taken the place of its temporary file", {
    code: "ESTALE",
    hint: "Let nobody else write in that directory, or choose another one, then copy it again",
  });
}

/** The failure of a source that is no longer the file that was found. */
export function replaced(act: string, path: string): FileError {
  return new FileError(act, path, "another file has taken its place", {
    code: "ESTALE",
    hint: "Copy it again when nobody changes its directory",
  });
}

/** The failure of a directory that is no longer the one that was examined. */
export function swapped(act: string, path: string): FileError {
  return new FileError(act, path, "another directory has taken its place", {
    code: "ESTALE",
    hint: "Let nobody else rename the directories on that path, then copy it again",
  });
}
