/**
 * Reads sources by system calls: a small file needs no allocation, string or promise. If symbolic links are not followed,
 * paths are resolved beneath their roots.
 */

import { Errno } from "../../native/libc/errno.ts";
import type { FileError } from "../../errors.ts";
import { addressOf, AT_FDCWD, FADV_DONTNEED, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { pointsOutside } from "../target/confinement.ts";
import type { RangeReader, SourceReader, SourceRoot } from "../engine/source.ts";
import { changeBetween, FileChange } from "../stat/file_change.ts";
import { failedCall, grownFile, specialFile, unexpectedLink } from "../stat/file_failure.ts";
import { type FileIdentity, isSameFile, replaced } from "../stat/file_identity.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import { joinPath, splitRelativePath } from "../path/local_path.ts";
import type { NativeDirectories } from "./directories.ts";
import { isOpenWithin, openOnce, openPath, SCRATCH_BYTES } from "./open.ts";
import { NativeRangeReader } from "./range_reader.ts";
import { readStat } from "./stat.ts";

export class NativeReader implements SourceReader {
  readonly stat = new FileStat();
  uncached = false;
  prefix = false;
  change: number = FileChange.none;

  readonly #calls: FileCalls;
  readonly #roots: SourceRoot[];
  /** Resolves paths beneath the roots; undefined if links are followed. */
  readonly #directories: NativeDirectories | undefined;
  readonly #statx: Statx;
  readonly #path = new PinnedBuffer(SCRATCH_BYTES);
  readonly #fileFlags: number;
  /** Flags of open(2) for a file below a root. */
  readonly #belowFlags: number;
  #root = -1;
  #directoryText = "";
  #directory = -1;

  /** @param directories Resolves paths if links are not followed; closed by `close`. */
  constructor(calls: FileCalls, roots: SourceRoot[], directories?: NativeDirectories) {
    this.#calls = calls;
    this.#roots = roots;
    this.#directories = directories;
    this.#statx = new Statx(calls);
    const { closeOnExec, nonBlock, noTty, noFollow } = calls.flags;
    // A FIFO may have replaced a file since the walk: opening must not wait for its writer.
    this.#fileFlags = closeOnExec | nonBlock | noTty;
    this.#belowFlags = this.#fileFlags | (directories ? noFollow : 0);
  }

  get directoryPath(): string {
    return this.#text();
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#leave();
    this.#root = root;
    const path = bytes.subarray(start, end);
    this.#directoryText = decodeName(path);
    if (this.#roots[root].kind === "file") return;
    if (this.#directories) {
      this.#directory = this.#directories.open(root, this.#directoryText, { create: false });
      return;
    }
    const calls = this.#calls;
    const text = this.#text();
    const flags = calls.flags.path | calls.flags.directoryOnly | calls.flags.closeOnExec;
    const result = openPath(calls, AT_FDCWD, encodeName(text), flags, this.#path);
    if (result < 0) throw failedCall("read", text, -result);
    this.#directory = result;
  }

  readWhole(
    names: Uint8Array<ArrayBuffer>,
    nameStart: number,
    nameEnd: number,
    buffer: Uint8Array<ArrayBuffer>,
    at: number,
    limit: number,
  ): number {
    const descriptor = this.#openFile(names, nameStart, nameEnd);
    const calls = this.#calls;
    const stat = this.stat;
    let length = 0;
    let errno = 0;
    if (this.uncached) calls.posix_fadvise(descriptor, 0, 0, FADV_DONTNEED);
    if (stat.size <= limit || this.prefix) {
      const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
      // Files of /proc have a size of 0, and contain more.
      const most = stat.size === 0 ? limit : Math.min(stat.size, limit);
      while (length < most) {
        const got = calls.read(descriptor, address + length, most - length);
        if (got > 0) length += got;
        else if (got === 0) break;
        else if ((errno = calls.errno()) !== Errno.EINTR) break;
        else errno = 0;
      }
      if (errno === 0) this.change = this.#changeOf(descriptor);
    }
    calls.close(descriptor);
    if (errno !== 0) throw failedCall("read", this.#nameText(names, nameStart, nameEnd), errno);
    // A log that was empty has a size now, in contrast to a file of /proc.
    const isFull = stat.size === 0 && length === limit && limit > 0 && this.change !== FileChange.grown;
    if ((isFull || stat.size > limit) && !this.prefix) throw grownFile(this.#nameText(names, nameStart, nameEnd));
    return length;
  }

  openLarge(root: number, path: string, expected?: FileIdentity): RangeReader {
    const calls = this.#calls;
    const text = joinPath(this.#roots[root].path, path);
    const descriptor = this.#openPath(root, path, text);
    if (descriptor < 0) throw this.#failed(text, -descriptor);
    try {
      this.#checkWithin(root, descriptor, text);
      this.#examine(descriptor, text);
      const identity = expected ?? (path === "" ? this.#rootIdentity(root) : undefined);
      if (identity && !isSameFile(identity, this.stat)) throw replaced("read", text);
    } catch (error) {
      calls.close(descriptor);
      throw error;
    }
    return new NativeRangeReader(calls, descriptor, text);
  }

  close(): void {
    this.#leave();
    this.#directories?.close();
  }

  /** Returns a descriptor, or minus the error number. */
  #openPath(root: number, path: string, text: string): number {
    const calls = this.#calls;
    if (!this.#directories || path === "") {
      return openPath(calls, AT_FDCWD, encodeName(text), this.#rootFlags(root), this.#path);
    }
    const { directory, name } = splitRelativePath(path);
    const descriptor = this.#directories.open(root, directory, { create: false });
    // This may have closed the current directory.
    this.#directory = -1;
    return openOnce(calls, descriptor, this.#path.putName(encodeName(name)), this.#belowFlags);
  }

  /** Returns the identity that a root must have; undefined if links are followed. */
  #rootIdentity(root: number): FileIdentity | undefined {
    return this.#directories ? this.#roots[root].identity : undefined;
  }

  /** Returns the flags to open a root. A link is followed, because the user named it, unless its identity is unknown. */
  #rootFlags(root: number): number {
    return this.#rootIdentity(root)?.inode === 0 ? this.#belowFlags : this.#fileFlags;
  }

  #openFile(names: Uint8Array<ArrayBuffer>, nameStart: number, nameEnd: number): number {
    const calls = this.#calls;
    const isRoot = nameStart === nameEnd;
    const name = isRoot
      ? this.#path.putName(encodeName(this.#roots[this.#root].path))
      : addressOf(names.buffer) + names.byteOffset + nameStart;
    const descriptor = isRoot
      ? openOnce(calls, AT_FDCWD, name, this.#rootFlags(this.#root))
      : openOnce(calls, this.#directory, name, this.#belowFlags);
    if (descriptor < 0) throw this.#failed(this.#nameText(names, nameStart, nameEnd), -descriptor);
    if (this.#roots[this.#root].within !== undefined) this.#confine(descriptor, names, nameStart, nameEnd);
    if (
      !this.#statx.fillOpen(descriptor) ||
      this.#statx.kind !== FileKind.file
    ) {
      const text = this.#nameText(names, nameStart, nameEnd);
      try {
        this.#examine(descriptor, text);
      } finally {
        calls.close(descriptor);
      }
    }
    readStat(this.#statx, this.stat);
    const identity = isRoot ? this.#rootIdentity(this.#root) : undefined;
    if (identity && !isSameFile(identity, this.stat)) {
      calls.close(descriptor);
      throw replaced("read", this.#text());
    }
    return descriptor;
  }

  /** Returns the failure to open a file; a symbolic link that has replaced the file has its own. */
  #failed(text: string, errno: number): FileError {
    return errno === Errno.ELOOP && this.#directories ? unexpectedLink(text, "read") : failedCall("read", text, errno);
  }

  #confine(descriptor: number, names: Uint8Array, nameStart: number, nameEnd: number): void {
    try {
      this.#checkWithin(this.#root, descriptor, this.#nameText(names, nameStart, nameEnd));
    } catch (error) {
      this.#calls.close(descriptor);
      throw error;
    }
  }

  #checkWithin(root: number, descriptor: number, text: string): void {
    const { within } = this.#roots[root];
    if (within === undefined || isOpenWithin(this.#calls, descriptor, within, this.#path)) return;
    throw pointsOutside("read", text, within);
  }

  /** Fills `stat`. @throws {FileError} If it is not a regular file. */
  #examine(descriptor: number, text: string): void {
    if (!this.#statx.fillOpen(descriptor)) {
      throw failedCall("read", text, this.#calls.errno());
    }
    readStat(this.#statx, this.stat);
    if (this.stat.kind !== FileKind.file) throw specialFile(text, this.stat.kind);
  }

  /** Compares with `stat`. Fewer bytes than the size are not a change: files of /sys have a size of 4096. */
  #changeOf(descriptor: number): number {
    const statx = this.#statx;
    if (!statx.fillOpen(descriptor)) return FileChange.certain;
    return changeBetween(this.stat, statx);
  }

  #leave(): void {
    // `#directories` closes its own descriptors.
    if (this.#directory >= 0 && !this.#directories) this.#calls.close(this.#directory);
    this.#directory = -1;
  }

  #text(): string {
    return joinPath(this.#roots[this.#root].path, this.#directoryText);
  }

  #nameText(names: Uint8Array, start: number, end: number): string {
    return joinPath(this.#text(), decodeName(names.subarray(start, end)));
  }
}
