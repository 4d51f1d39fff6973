/** Identity of a file or directory, independent of its name: the name may refer to another file when it is opened. */

import { FileError } from "../../errors.ts";

/** Identifies a file of this machine. */
export interface FileIdentity {
  dev: number;
  /** Not exact above 2**53; 0 if the system has no inodes. */
  inode: number;
}

/**
 * Identifies a file or directory among all that ever had its name: when an inode is used again, the time of birth differs.
 */
export interface ExactIdentity extends FileIdentity {
  /** Time of birth (stx_btime of statx(2)), in milliseconds since 1970; null if the file system has none. */
  birthMs: number | null;
}

/** Identity of a file that was not examined. */
export const UNKNOWN_FILE: FileIdentity = { dev: 0, inode: 0 };

/** Returns the identity from a result of `Deno.stat`. */
export function identityOf({ dev, ino }: Deno.FileInfo): FileIdentity {
  return { dev, inode: ino ?? 0 };
}

/** Returns the identity alone, for example from a status. */
export function identityOfStat({ dev, inode }: FileIdentity): FileIdentity {
  return { dev, inode };
}

/** As `identityOf`, with the time of birth. */
export function exactIdentity(info: Deno.FileInfo): ExactIdentity {
  return { ...identityOf(info), birthMs: info.birthtime?.getTime() ?? null };
}

/** Returns whether device, inode and time of birth are equal. */
export function isExactly(one: ExactIdentity, other: ExactIdentity): boolean {
  return one.dev === other.dev && one.inode === other.inode && one.birthMs === other.birthMs;
}

/** Returns whether both identify one file. An identity without an inode matches any other. */
export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.inode === 0 || other.inode === 0 || (one.inode === other.inode && one.dev === other.dev);
}

/** Returns whether a file is one of these. A file without an inode is none. */
export function isOneOf(file: FileIdentity, others: readonly FileIdentity[]): boolean {
  return file.inode !== 0 && others.some((other) => isSameFile(other, file));
}

/** Returns the failure of a file whose temporary name refers to another file. */
export function planted(operation: string, path: string): FileError {
  return new FileError(operation, path, "another file has taken the place of its temporary file", {
    code: "ESTALE",
    hint: "Deny other users write access to that directory, or choose another one, then copy it again",
  });
}

/** Returns the failure of a file or link that another user may have created in a sticky directory (directory_access.ts). */
export function untrusted(operation: string, path: string): FileError {
  return new FileError(operation, path, "Permission denied: another user owns it, in a sticky directory", {
    code: "EACCES",
    hint: "Choose another name, or a directory that other users cannot write to",
  });
}

/** Returns the failure of a source whose path refers to another file than the one that was found. */
export function replaced(operation: string, path: string): FileError {
  return new FileError(operation, path, "another file has taken its place", {
    code: "ESTALE",
    hint: "Copy it again while its directory does not change",
  });
}

/** Returns the failure of a directory whose path refers to another one than was examined. */
export function swapped(operation: string, path: string): FileError {
  return new FileError(operation, path, "another directory has taken its place", {
    code: "ESTALE",
    hint: "Deny other users write access to the directories on that path, then copy it again",
  });
}

/** Returns the failure of a device whose path refers to another file than the one in the plan. */
export function replacedDevice(path: string): FileError {
  return new FileError("write", path, "another file has taken the place of the device", { code: "ESTALE" });
}
