/**
 * Writing a large file past the page cache (O_DIRECT of open(2)), for as long as that is quicker: it saves the processor
 * the copy of each page, and the other programs of the machine their cached files. Linux.
 */

import { Errno } from "../../native/libc/errno.ts";
import { addressOf, type FileCalls } from "../../native/file/calls.ts";
import type { RangeReader } from "../engine/source.ts";
import type { RangeWriter } from "../engine/target.ts";
import { failedCall } from "../stat/file_failure.ts";

/** Smaller files are left in the page cache: whoever wanted them here may read them soon. */
export const DIRECT_FROM_BYTES = 1 << 30;
/** Offsets, lengths and addresses are multiples of this: enough for every device, up to what a page has. */
const PAGE = 4096;
/** A copy into the page cache costs a core about 0.5 ms a MiB: a disk below this rate is better written behind our back. */
const LEAST_BYTES_PER_MS = 800_000;
/** Bytes over which the rate is taken. */
const WINDOW_BYTES = 32 << 20;

/** What a file system says that cannot do it, or not for these addresses. */
const NOT_DIRECTLY: readonly number[] = [Errno.EINVAL, Errno.EOPNOTSUPP];

/** Owns its descriptor, and `inner`, which writes what is not aligned, and everything once this is given up. */
export class DirectWriter implements RangeWriter {
  readonly #calls: FileCalls;
  readonly #inner: RangeWriter;
  readonly #now: () => number;
  #descriptor: number;
  #bytes = 0;
  #ms = 0;

  /**
   * @param descriptor of the same file as `inner`, opened with O_DIRECT.
   * @param now milliseconds.
   */
  constructor(calls: FileCalls, descriptor: number, inner: RangeWriter, now: () => number = () => performance.now()) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#inner = inner;
    this.#now = now;
  }

  get path(): string {
    return this.#inner.path;
  }

  /** Whether it still writes past the cache. */
  get isDirect(): boolean {
    return this.#descriptor >= 0;
  }

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    const done = this.isDirect && length > 0 ? this.#writeDirectly(buffer, at, length, offset) : 0;
    if (done < length) this.#inner.writeAt(buffer, at + done, length - done, offset + done);
  }

  zerosAt(offset: number, length: number): void {
    this.#inner.zerosAt(offset, length);
  }

  /** Into the page cache: which way is quicker is measured on what is written in this thread. */
  writeAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#inner.writeAsync?.(buffer, at, length, offset) ?? Promise.resolve(0);
  }

  readBackAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#inner.readBackAsync?.(buffer, at, length, offset) ?? Promise.resolve(0);
  }

  holeAt(offset: number, length: number): number {
    return this.#inner.holeAt?.(offset, length) ?? 0;
  }

  /** The system may share blocks, which is quicker than any way of writing them. */
  copyFrom(reader: RangeReader, offset: number, length: number): Promise<number> {
    return this.#inner.copyFrom?.(reader, offset, length) ?? Promise.resolve(0);
  }

  shareFrom(reader: RangeReader, offset: number, length: number): Promise<boolean> {
    return this.#inner.shareFrom?.(reader, offset, length) ?? Promise.resolve(false);
  }

  close(): void {
    this.#giveUp();
    this.#inner.close();
  }

  /** @returns how many bytes are written. */
  #writeDirectly(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): number {
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    if (address % PAGE !== 0 || offset % PAGE !== 0) return 0;
    const whole = length - length % PAGE;
    const begun = this.#now();
    let done = 0;
    while (done < whole) {
      const wrote = this.#calls.pwrite(this.#descriptor, address + done, whole - done, offset + done);
      if (wrote > 0) {
        done += wrote;
        // A short write may end anywhere.
        if (wrote % PAGE !== 0) break;
        continue;
      }
      const errno = this.#calls.errno();
      if (wrote < 0 && errno === Errno.EINTR) continue;
      if (wrote < 0 && !NOT_DIRECTLY.includes(errno)) throw failedCall("write", this.path, errno);
      this.#giveUp();
      return done;
    }
    this.#judge(done, this.#now() - begun);
    return done;
  }

  #judge(bytes: number, ms: number): void {
    this.#bytes += bytes;
    this.#ms += ms;
    if (this.#bytes < WINDOW_BYTES) return;
    if (this.#bytes < this.#ms * LEAST_BYTES_PER_MS) this.#giveUp();
    this.#bytes = this.#ms = 0;
  }

  #giveUp(): void {
    if (this.#descriptor >= 0) this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
  }
}
