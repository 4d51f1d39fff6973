/** Follows symbolic links to directories by descriptor: a link that is replaced meanwhile has no effect. */

import { AT_EMPTY_PATH, AT_FDCWD, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { LONGEST_TARGET_BYTES } from "../path/link_target.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { FileKind } from "../stat/file_stat.ts";
import {
  type DirectoryLink,
  followLink,
  type LinkCalls,
  type LinkPolicy,
  type LinkProblem,
} from "../target/directory_links.ts";
import { openOnce } from "./open.ts";

/**
 * Follows a link in an open directory.
 *
 * @returns A descriptor (O_PATH) of the directory, or the reason for not following.
 */
export function followDirectoryLink(
  calls: FileCalls,
  directory: number,
  name: Uint8Array,
  policy: LinkPolicy,
): number | LinkProblem {
  const user = calls.geteuid();
  const found = followLink(directory, decodeName(name), new DescriptorLinks(calls), { ...policy, user });
  return typeof found === "string" ? found : found.directory;
}

class DescriptorLinks implements LinkCalls<number> {
  readonly #calls: FileCalls;
  readonly #statx: Statx;
  readonly #name = new PinnedBuffer(LONGEST_TARGET_BYTES + 1);

  constructor(calls: FileCalls) {
    this.#calls = calls;
    this.#statx = new Statx(calls);
  }

  top(): number {
    return this.#open(AT_FDCWD, "/") ?? -1;
  }

  enter(directory: number, name: string): number | undefined {
    return this.#open(directory, name);
  }

  readLink(directory: number, name: string): DirectoryLink | undefined {
    const { path, noFollow, closeOnExec } = this.#calls.flags;
    const link = openOnce(this.#calls, directory, this.#put(name), path | noFollow | closeOnExec);
    if (link < 0) return undefined;
    try {
      if (!this.#stat(link) || this.#statx.kind !== FileKind.symlink) return undefined;
      const { dev, inode, uid } = this.#statx;
      const { bytes, address } = this.#name;
      // With an empty name readlinkat(2) reads the open link.
      const empty = this.#put("");
      const length = this.#calls.readlinkat(link, empty, address, bytes.length);
      return length < 0 ? undefined : { dev, inode, uid, target: decodeName(bytes.slice(0, length)) };
    } finally {
      this.#calls.close(link);
    }
  }

  statOf(directory: number): FileIdentity & { uid: number } {
    if (!this.#stat(directory)) return { dev: 0, inode: 0, uid: -1 };
    const { dev, inode, uid } = this.#statx;
    return { dev, inode, uid };
  }

  leave(directory: number): void {
    if (directory >= 0) this.#calls.close(directory);
  }

  #open(directory: number, name: string): number | undefined {
    const { path, directoryOnly, noFollow, closeOnExec } = this.#calls.flags;
    const all = path | directoryOnly | noFollow | closeOnExec;
    const result = openOnce(this.#calls, directory, this.#put(name), all);
    return result < 0 ? undefined : result;
  }

  #stat(descriptor: number): boolean {
    return this.#statx.fill(descriptor, this.#put(""), AT_EMPTY_PATH);
  }

  #put(name: string): number {
    return this.#name.putName(encodeName(name));
  }
}
