/** Opens paths of any length by descriptor. */

import { Errno } from "../../native/libc/errno.ts";
import { AT_FDCWD, type FileCalls } from "../../native/file/calls.ts";
import type { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { isWithin } from "../target/confinement.ts";

const SLASH = 0x2f;
/** PATH_MAX is 4096 with the NUL. */
export const LONGEST_PATH_BYTES = 4095;
/** Size of the scratch memory for `openPath`: the path of a root, and a path below it (MAX_PATH_BYTES). */
export const SCRATCH_BYTES = 80 << 10;

/**
 * Calls openat(2), in several steps for a path that is too long for one call. Follows symbolic links, except in the last
 * component if `flags` contain O_NOFOLLOW.
 *
 * @param scratch Must have room for the path.
 * @returns A descriptor, or minus the error number.
 */
export function openPath(
  calls: FileCalls,
  directory: number,
  path: Uint8Array,
  flags: number,
  scratch: PinnedBuffer,
): number {
  if (path.length >= scratch.bytes.length) return -Errno.ENAMETOOLONG;
  scratch.putName(path);
  const bytes = scratch.bytes;
  let current = directory;
  let start = 0;
  let result: number;
  for (;;) {
    let end = path.length;
    if (end - start > LONGEST_PATH_BYTES) {
      end = bytes.lastIndexOf(SLASH, start + LONGEST_PATH_BYTES);
      if (end <= start) {
        result = -Errno.ENAMETOOLONG;
        break;
      }
      bytes[end] = 0;
    }
    const last = end === path.length;
    const stepFlags = last ? flags : calls.flags.path | calls.flags.directoryOnly | calls.flags.closeOnExec;
    result = openOnce(calls, current, scratch.address + start, stepFlags);
    if (last || result < 0) break;
    if (current !== directory) calls.close(current);
    current = result;
    start = end + 1;
  }
  if (current !== directory) calls.close(current);
  return result;
}

/**
 * Returns whether an open file is in a directory. The kernel reports its path, so a link that was created meanwhile has no
 * effect.
 *
 * @param within Path of the directory without symbolic links.
 */
export function isOpenWithin(calls: FileCalls, descriptor: number, within: string, scratch: PinnedBuffer): boolean {
  const path = pathOfOpen(calls, descriptor, scratch);
  return path !== undefined && isWithin(path, within);
}

/** Returns the path of an open file without symbolic links, as the kernel reports it. Returns undefined after a failure. */
export function pathOfOpen(calls: FileCalls, descriptor: number, scratch: PinnedBuffer): string | undefined {
  const link = magicLink(descriptor, scratch);
  const length = calls.readlinkat(AT_FDCWD, link, scratch.address + 64, LONGEST_PATH_BYTES);
  return length < 0 ? undefined : decodeName(scratch.bytes.subarray(64, 64 + length));
}

/** Calls openat(2) until no signal interrupts it. Returns a descriptor, or minus the error number. */
export function openOnce(calls: FileCalls, directory: number, name: number, flags: number): number {
  for (;;) {
    const result = calls.openat(directory, name, flags, 0);
    if (result >= 0) return result;
    const errno = calls.errno();
    if (errno !== Errno.EINTR) return -errno;
  }
}

/** Opens an entry of a directory itself (O_PATH), which may be a link. Returns a descriptor, or minus the error number. */
export function openEntry(calls: FileCalls, directory: number, name: number): number {
  const { path, noFollow, closeOnExec } = calls.flags;
  return openOnce(calls, directory, name, path | noFollow | closeOnExec);
}

/** Returns a path that refers to an open file or directory, even if it is renamed (proc(5)). */
export function descriptorPath(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** Writes the `descriptorPath` of a file, which may be opened with O_PATH. Returns the address of the path. */
export function magicLink(descriptor: number, scratch: PinnedBuffer): number {
  return scratch.putName(encodeName(descriptorPath(descriptor)));
}
