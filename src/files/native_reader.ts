/** Reading sources with system calls: a small file takes no memory, no text and no promise. */

import { FileError } from "../errors.ts";
import { addressOf, AT_EMPTY_PATH, AT_FDCWD, FADV_DONTNEED, type FileCalls } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import { Statx } from "../native/file_statx.ts";
import { decodeName, encodeName } from "../protocol/names.ts";
import { leadsOut } from "./confinement.ts";
import type { FileIdentity, RangeReader, SourceReader, SourceRoot } from "./engine.ts";
import { failedCall } from "./file_failure.ts";
import { changeBetween, FileChange } from "./file_change.ts";
import { FileKind, FileStat } from "./file_stat.ts";
import { joinPath } from "./local_path.ts";
import { isOpenWithin, openOnce, openPath } from "./native_open.ts";
import { NativeRangeReader } from "./native_range_reader.ts";
import { readStat } from "./native_stat.ts";
import { hasGrown, isSpecial } from "./source_failure.ts";

const EINTR = 4;

export class NativeReader implements SourceReader {
  readonly stat = new FileStat();
  uncached = false;
  prefix = false;
  change: number = FileChange.none;

  readonly #calls: FileCalls;
  readonly #roots: SourceRoot[];
  readonly #statx: Statx;
  readonly #empty = new Scratch(8);
  readonly #path = new Scratch(80 << 10);
  readonly #fileFlags: number;
  #root = -1;
  #folderText = "";
  #folder = -1;

  constructor(calls: FileCalls, roots: SourceRoot[]) {
    this.#calls = calls;
    this.#roots = roots;
    this.#statx = new Statx(calls);
    const { closeOnExec, nonBlock, noTty } = calls.flags;
    // What was a file in the walk may be a FIFO by now: opening must not wait for its other end.
    this.#fileFlags = closeOnExec | nonBlock | noTty;
  }

  get folderPath(): string {
    return this.#text();
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#leave();
    this.#root = root;
    const path = bytes.subarray(start, end);
    this.#folderText = decodeName(path);
    if (this.#roots[root].kind === "file") return;
    const calls = this.#calls;
    const text = this.#text();
    const flags = calls.flags.path | calls.flags.directory | calls.flags.closeOnExec;
    const result = openPath(calls, AT_FDCWD, encodeName(text), flags, this.#path);
    if (result < 0) throw failedCall("read", text, -result);
    this.#folder = result;
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
      // Files of /proc say that they have 0 bytes, and have more.
      const wanted = stat.size === 0 ? limit : Math.min(stat.size, limit);
      while (length < wanted) {
        const got = calls.read(descriptor, address + length, wanted - length);
        if (got > 0) length += got;
        else if (got === 0) break;
        else if ((errno = calls.errno()) !== EINTR) break;
        else errno = 0;
      }
      if (errno === 0) this.change = this.#changeOf(descriptor);
    }
    calls.close(descriptor);
    if (errno !== 0) throw failedCall("read", this.#nameText(names, nameStart, nameEnd), errno);
    const full = stat.size === 0 && length === limit && limit > 0;
    if ((full || stat.size > limit) && !this.prefix) throw hasGrown(this.#nameText(names, nameStart, nameEnd));
    return length;
  }

  openRanged(root: number, path: string, expected?: FileIdentity): RangeReader {
    const calls = this.#calls;
    const text = joinPath(this.#roots[root].path, path);
    const descriptor = openPath(calls, AT_FDCWD, encodeName(text), this.#fileFlags, this.#path);
    if (descriptor < 0) throw failedCall("read", text, -descriptor);
    try {
      this.#checkWithin(root, descriptor, text);
      this.#examine(descriptor, text);
      const { dev, inode } = this.stat;
      if (expected && (expected.dev !== dev || expected.inode !== inode)) {
        throw new FileError("read", text, "another file has taken its place", { code: "ESTALE" });
      }
    } catch (error) {
      calls.close(descriptor);
      throw error;
    }
    return new NativeRangeReader(calls, descriptor, text);
  }

  close(): void {
    this.#leave();
  }

  #openFile(names: Uint8Array<ArrayBuffer>, nameStart: number, nameEnd: number): number {
    const calls = this.#calls;
    const name = nameStart === nameEnd
      ? this.#path.putName(encodeName(this.#roots[this.#root].path))
      : addressOf(names.buffer) + names.byteOffset + nameStart;
    const folder = nameStart === nameEnd ? AT_FDCWD : this.#folder;
    const descriptor = openOnce(calls, folder, name, this.#fileFlags);
    if (descriptor < 0) throw failedCall("read", this.#nameText(names, nameStart, nameEnd), -descriptor);
    if (this.#roots[this.#root].within !== undefined) this.#confine(descriptor, names, nameStart, nameEnd);
    if (
      !this.#statx.fill(descriptor, this.#empty.address, AT_EMPTY_PATH) ||
      (this.#statx.mode & 0o170000) !== FileKind.file
    ) {
      const text = this.#nameText(names, nameStart, nameEnd);
      try {
        this.#examine(descriptor, text);
      } finally {
        calls.close(descriptor);
      }
    }
    readStat(this.#statx, this.stat);
    return descriptor;
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
    throw leadsOut("read", text, within);
  }

  /** Fills `stat` and refuses what is no regular file. */
  #examine(descriptor: number, text: string): void {
    if (!this.#statx.fill(descriptor, this.#empty.address, AT_EMPTY_PATH)) {
      throw failedCall("read", text, this.#calls.errno());
    }
    readStat(this.#statx, this.stat);
    if (this.stat.kind !== FileKind.file) throw isSpecial(text, this.stat.kind);
  }

  /** Fewer bytes than the size are not a change: files of /sys say that they have 4096. */
  #changeOf(descriptor: number): number {
    const statx = this.#statx;
    if (!statx.fill(descriptor, this.#empty.address, AT_EMPTY_PATH)) return FileChange.certain;
    return changeBetween(this.stat, statx);
  }

  #leave(): void {
    if (this.#folder >= 0) this.#calls.close(this.#folder);
    this.#folder = -1;
  }

  #text(): string {
    return joinPath(this.#roots[this.#root].path, this.#folderText);
  }

  #nameText(names: Uint8Array, start: number, end: number): string {
    return joinPath(this.#text(), decodeName(names.subarray(start, end)));
  }
}
