/** Reads ranges of a large file, and finds its holes, by system calls. */

import { Errno } from "../../native/libc/errno.ts";
import {
  addressOf,
  AT_FDCWD,
  AT_STATX_FORCE_SYNC,
  FADV_DONTNEED,
  type FileCalls,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
} from "../../native/file/calls.ts";
import { openAsyncFileCalls } from "../../native/file/async_calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import type { SharedFile } from "../../protocol/data/shared_file.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import type { RangeReader } from "../engine/source.ts";
import { changeBetween, FileChange } from "../stat/file_change.ts";
import { failedCall, failedWith } from "../stat/file_failure.ts";
import type { ChangeTimes } from "../stat/file_stat.ts";
import { LONGEST_PATH_BYTES, openOnce } from "./open.ts";

/** Minimum size of a hole. Smaller holes are sent as data, because separate frames take longer. */
const MIN_HOLE_BYTES = 64 << 10;
/** The result of a longer read than 2**31 - 1 bytes would overflow. */
const MAX_READ_BYTES = 1 << 30;

/** Owns its descriptor. */
export class NativeRangeReader implements RangeReader {
  readonly size: number;
  readonly #calls: FileCalls;
  readonly #statx: Statx;
  readonly path: string;
  readonly shared: SharedFile;
  readonly #opened: ChangeTimes;
  #descriptor: number;

  constructor(calls: FileCalls, descriptor: number, text: string) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.path = text;
    this.#statx = new Statx(calls);
    this.#statx.fillOpen(descriptor);
    this.size = this.#statx.size;
    this.shared = { descriptor, dev: this.#statx.dev, inode: this.#statx.inode };
    const { mtime, mtimeNs, ctime, ctimeNs } = this.#statx;
    this.#opened = { mtime, mtimeNs, ctime, ctimeNs };
  }

  readAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): number {
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    let done = 0;
    while (done < length) {
      const most = Math.min(length - done, MAX_READ_BYTES);
      const got = this.#calls.pread(this.#descriptor, address + done, most, offset + done);
      if (got > 0) done += got;
      else if (got === 0) break;
      else {
        const errno = this.#calls.errno();
        if (errno !== Errno.EINTR) throw failedCall("read", this.path, errno);
      }
    }
    return done;
  }

  readAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    return openAsyncFileCalls().pread(this.#descriptor, address, length, offset);
  }

  holeAt(offset: number, length: number): number {
    const hole = this.#holeAt(offset, length);
    return hole < Math.min(length, MIN_HOLE_BYTES) ? 0 : hole;
  }

  dataAt(offset: number, length: number): number {
    const end = offset + length;
    for (let at = offset; at < end;) {
      const hole = this.#calls.seek(this.#descriptor, at, SEEK_HOLE);
      if (hole < 0 || hole >= end) break;
      const bytes = this.#holeAt(hole, MIN_HOLE_BYTES);
      if (bytes === 0) break;
      if (bytes === MIN_HOLE_BYTES) return hole - offset;
      at = hole + bytes;
    }
    return length;
  }

  #holeAt(offset: number, length: number): number {
    const data = this.#calls.seek(this.#descriptor, offset, SEEK_DATA);
    if (data >= 0) return Math.min(length, data - offset);
    // Reading reports any other failure.
    if (this.#calls.errno() !== Errno.ENXIO) return 0;
    // There is no data up to the end of the file, whose size may have changed.
    return Math.max(0, Math.min(length, this.#calls.seek(this.#descriptor, 0, SEEK_END) - offset));
  }

  forgetCache(): void {
    this.#calls.posix_fadvise(this.#descriptor, 0, 0, FADV_DONTNEED);
  }

  changeSince(found = this.#opened): number {
    if (!this.#statx.fillOpen(this.#descriptor, AT_STATX_FORCE_SYNC)) return FileChange.certain;
    return changeBetween({ ...found, size: this.size }, this.#statx);
  }

  close(): void {
    if (this.#descriptor >= 0) this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
  }
}

/**
 * Opens a file that another process has open, through proc(5), independent of its name.
 *
 * @throws {FileError} If the process has ended, or has closed the file.
 */
export function openSharedFile(calls: FileCalls, process: number, file: SharedFile): NativeRangeReader {
  const link = `/proc/${process}/fd/${file.descriptor}`;
  const scratch = new PinnedBuffer(64 + LONGEST_PATH_BYTES);
  const address = scratch.putName(encodeName(link));
  const { nonBlock, noTty, closeOnExec } = calls.flags;
  const descriptor = openOnce(calls, AT_FDCWD, address, nonBlock | noTty | closeOnExec);
  if (descriptor < 0) throw failedCall("read", link, -descriptor);
  const length = calls.readlinkat(AT_FDCWD, address, address + 64, LONGEST_PATH_BYTES);
  const path = length > 0 ? decodeName(scratch.bytes.subarray(64, 64 + length)) : link;
  const reader = new NativeRangeReader(calls, descriptor, path);
  if (reader.shared.dev === file.dev && reader.shared.inode === file.inode) return reader;
  reader.close();
  throw failedWith("read", path, "ESTALE");
}
