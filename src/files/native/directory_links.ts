/** Follows symbolic links to directories by descriptor: a link that is replaced meanwhile has no effect. */

import { AT_FDCWD, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { Errno, SystemCallError } from "../../native/libc/errno.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { LONGEST_TARGET_BYTES } from "../path/link_target.ts";
import { failedDeno } from "../stat/file_failure.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { FileKind } from "../stat/file_stat.ts";
import {
  type DirectoryLink,
  followLink,
  type LinkCalls,
  type LinkPolicy,
  unfollowed,
} from "../target/directory_links.ts";
import { openEntry, openOnce } from "./open.ts";

/**
 * Follows a link in an open directory.
 *
 * @param link Operation, and path of the link, for messages.
 * @returns A descriptor (O_PATH) of the directory.
 * @throws {FileError} If the link is not followed.
 */
export function followDirectoryLink(
  calls: FileCalls,
  directory: number,
  name: Uint8Array,
  policy: LinkPolicy,
  { operation, path }: { operation: string; path: string },
): number {
  const user = calls.geteuid();
  try {
    const found = followLink(directory, decodeName(name), new DescriptorLinks(calls), { ...policy, user });
    if (typeof found === "string") throw unfollowed(operation, path, found);
    return found.directory;
  } catch (error) {
    throw failedDeno(operation, path, error);
  }
}

/** Errors of a name that no directory has, or no file. */
const ABSENT: readonly number[] = [Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP];

class DescriptorLinks implements LinkCalls<number> {
  readonly #calls: FileCalls;
  readonly #statx: Statx;
  readonly #name = new PinnedBuffer(LONGEST_TARGET_BYTES + 1);

  constructor(calls: FileCalls) {
    this.#calls = calls;
    this.#statx = new Statx(calls);
  }

  top(): number {
    return this.#check(this.#open(AT_FDCWD, "/"));
  }

  enter(directory: number, name: string): number | undefined {
    const result = this.#open(directory, name);
    return ABSENT.includes(-result) ? undefined : this.#check(result);
  }

  readLink(directory: number, name: string): DirectoryLink | undefined {
    const link = openEntry(this.#calls, directory, this.#put(name));
    if (ABSENT.includes(-link)) return undefined;
    this.#check(link);
    try {
      this.#stat(link);
      if (this.#statx.kind !== FileKind.symlink) return undefined;
      const { dev, inode, uid } = this.#statx;
      const { bytes, address } = this.#name;
      // With an empty name readlinkat(2) reads the open link.
      const empty = this.#put("");
      const length = this.#calls.readlinkat(link, empty, address, bytes.length);
      if (length < 0) throw new SystemCallError(this.#calls.errno());
      return { dev, inode, uid, target: decodeName(bytes.slice(0, length)) };
    } finally {
      this.#calls.close(link);
    }
  }

  statOf(directory: number): FileIdentity & { uid: number } {
    this.#stat(directory);
    const { dev, inode, uid } = this.#statx;
    return { dev, inode, uid };
  }

  leave(directory: number): void {
    this.#calls.close(directory);
  }

  /** Returns a descriptor, or minus the error number. */
  #open(directory: number, name: string): number {
    const { path, directoryOnly, noFollow, closeOnExec } = this.#calls.flags;
    return openOnce(this.#calls, directory, this.#put(name), path | directoryOnly | noFollow | closeOnExec);
  }

  #stat(descriptor: number): void {
    if (this.#statx.fillOpen(descriptor)) return;
    throw new SystemCallError(this.#calls.errno());
  }

  #put(name: string): number {
    return this.#name.putName(encodeName(name));
  }

  /** Returns a descriptor. @param result A descriptor, or minus the error number. */
  #check(result: number): number {
    if (result < 0) throw new SystemCallError(-result);
    return result;
  }
}
