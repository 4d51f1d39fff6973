/**
 * Writes a large file without the page cache (O_DIRECT of open(2)) while that is faster. It saves the copy of each page, and
 * leaves the cached files of other programs in memory. Linux.
 */

import { Errno } from "../../native/libc/errno.ts";
import { addressOf, type FileCalls } from "../../native/file/calls.ts";
import { PAGE } from "../../native/libc/aligned_buffer.ts";
import type { RangeReader } from "../engine/source.ts";
import type { RangeWriter } from "../engine/partial_file.ts";
import { failedCall } from "../stat/file_failure.ts";

/** Minimum size. Smaller files stay in the page cache, because they may be read soon. */
export const DIRECT_FROM_BYTES = 1 << 30;
/**
 * Minimum rate. A copy into the page cache takes about 0.5 ms per MiB of one core. The kernel writes to a slower disk in the
 * background, so the cache is then faster.
 */
const MIN_BYTES_PER_MS = 800_000;
/** Number of bytes over which the rate is measured. */
const WINDOW_BYTES = 32 << 20;

/** Errors of file systems without direct writes, or with a larger alignment. */
const UNSUPPORTED: readonly number[] = [Errno.EINVAL, Errno.EOPNOTSUPP];

/** Owns its descriptor and `inner`, which writes unaligned parts, and everything after a fallback. */
export class DirectWriter implements RangeWriter {
  readonly #calls: FileCalls;
  readonly #inner: RangeWriter;
  readonly #now: () => number;
  #descriptor: number;
  #bytes = 0;
  #ms = 0;

  /**
   * @param descriptor Descriptor of the same file as `inner`, opened with O_DIRECT.
   * @param now Returns milliseconds.
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

  /** Whether writes bypass the page cache. */
  get isDirect(): boolean {
    return this.#descriptor >= 0;
  }

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    const done = this.isDirect && length > 0 ? this.#writeDirect(buffer, at, length, offset) : 0;
    if (done < length) this.#inner.writeAt(buffer, at + done, length - done, offset + done);
  }

  zerosAt(offset: number, length: number): void {
    this.#inner.zerosAt(offset, length);
  }

  /** Writes into the page cache: only writes of this thread are measured. */
  writeAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#inner.writeAsync?.(buffer, at, length, offset) ?? Promise.resolve(0);
  }

  readBackAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#inner.readBackAsync?.(buffer, at, length, offset) ?? Promise.resolve(0);
  }

  holeAt(offset: number, length: number): number {
    return this.#inner.holeAt?.(offset, length) ?? 0;
  }

  /** Uses `inner`: the system may share blocks, which is faster than writing. */
  copyFrom(reader: RangeReader, offset: number, length: number): Promise<number> {
    return this.#inner.copyFrom?.(reader, offset, length) ?? Promise.resolve(0);
  }

  shareFrom(reader: RangeReader, offset: number, length: number): Promise<boolean> {
    return this.#inner.shareFrom?.(reader, offset, length) ?? Promise.resolve(false);
  }

  close(): void {
    this.#fallBack();
    this.#inner.close();
  }

  /** Returns the number of bytes written. */
  #writeDirect(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): number {
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    // The page size is a sufficient alignment for every device.
    if (address % PAGE !== 0 || offset % PAGE !== 0) return 0;
    const whole = length - length % PAGE;
    const begun = this.#now();
    let done = 0;
    while (done < whole) {
      const wrote = this.#calls.pwrite(this.#descriptor, address + done, whole - done, offset + done);
      if (wrote > 0) {
        done += wrote;
        // A short write may end at an unaligned offset.
        if (wrote % PAGE !== 0) break;
        continue;
      }
      const errno = this.#calls.errno();
      if (wrote < 0 && errno === Errno.EINTR) continue;
      if (wrote < 0 && !UNSUPPORTED.includes(errno)) throw failedCall("write", this.path, errno);
      this.#fallBack();
      return done;
    }
    this.#measure(done, this.#now() - begun);
    return done;
  }

  #measure(bytes: number, ms: number): void {
    this.#bytes += bytes;
    this.#ms += ms;
    if (this.#bytes < WINDOW_BYTES) return;
    if (this.#bytes < this.#ms * MIN_BYTES_PER_MS) this.#fallBack();
    this.#bytes = this.#ms = 0;
  }

  #fallBack(): void {
    if (this.#descriptor >= 0) this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
  }
}
