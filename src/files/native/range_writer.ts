/** Writes a large file at offsets, by system calls. */

import { Errno } from "../../native/libc/errno.ts";
import { openAsyncFileCalls } from "../../native/file/async_calls.ts";
import { addressOf, type FileCalls, SEEK_DATA } from "../../native/file/calls.ts";
import type { RangeReader } from "../engine/source.ts";
import type { RangeWriter } from "../engine/partial_file.ts";
import { failedCall } from "../stat/file_failure.ts";
import { overwriteWithZeros } from "../output/sparse_writer.ts";

/** The result of a longer write than 2**31 - 1 bytes would overflow. */
const MAX_WRITE_BYTES = 1 << 30;

/** Owns its descriptor. */
export class NativeRangeWriter implements RangeWriter {
  readonly #calls: FileCalls;
  readonly path: string;
  #descriptor: number;
  /** Number of calls that run in other threads. */
  #running = 0;
  #closing = false;
  #canCopy = true;
  #canShare = true;

  /** @param text Path for messages. */
  constructor(calls: FileCalls, descriptor: number, text: string) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.path = text;
  }

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    const calls = this.#calls;
    for (let done = 0; done < length;) {
      const most = Math.min(length - done, MAX_WRITE_BYTES);
      const wrote = calls.pwrite(this.#descriptor, address + done, most, offset + done);
      if (wrote >= 0) done += wrote;
      else {
        const errno = calls.errno();
        if (errno !== Errno.EINTR) throw failedCall("write", this.path, errno);
      }
    }
  }

  writeAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#callAsync("pwrite", buffer, at, length, offset);
  }

  readBackAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#callAsync("pread", buffer, at, length, offset);
  }

  async #callAsync(
    call: "pread" | "pwrite",
    buffer: Uint8Array<ArrayBuffer>,
    at: number,
    length: number,
    offset: number,
  ): Promise<number> {
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    return await this.#holdOpen(openAsyncFileCalls()[call](this.#descriptor, address, length, offset));
  }

  zerosAt(offset: number, length: number): void {
    if (this.holeAt(offset, length) === length) return;
    if (this.#calls.punchHole(this.#descriptor, offset, length) === 0) return;
    overwriteWithZeros(
      {
        readAt: (buffer, most, at) => this.#readAt(buffer, most, at),
        writeAt: (buffer, most, at) => this.writeAt(buffer, 0, most, at),
      },
      offset,
      length,
    );
  }

  async copyFrom({ shared }: RangeReader, offset: number, length: number): Promise<number> {
    if (!shared || !this.#canCopy) return 0;
    const copied = await this.#holdOpen(
      openAsyncFileCalls().copyRange(shared.descriptor, this.#descriptor, offset, length),
    );
    // The file systems do not support it. Reading and writing report any other failure.
    if (copied < 0) this.#canCopy = false;
    return Math.max(0, copied);
  }

  async shareFrom({ shared }: RangeReader, offset: number, length: number): Promise<boolean> {
    if (!shared || !this.#canShare) return false;
    const result = await this.#holdOpen(
      openAsyncFileCalls().shareRange(shared.descriptor, this.#descriptor, offset, length),
    );
    this.#canShare = result === 0;
    return this.#canShare;
  }

  /** Keeps the descriptor open during a call in another thread. */
  async #holdOpen(call: Promise<number>): Promise<number> {
    this.#running++;
    try {
      return await call;
    } finally {
      this.#running--;
      if (this.#closing) this.close();
    }
  }

  holeAt(offset: number, length: number): number {
    const data = this.#calls.seek(this.#descriptor, offset, SEEK_DATA);
    if (data >= 0) return Math.min(length, data - offset);
    return this.#calls.errno() === Errno.ENXIO ? length : 0;
  }

  #readAt(buffer: Uint8Array<ArrayBuffer>, length: number, offset: number): number {
    const address = addressOf(buffer.buffer) + buffer.byteOffset;
    for (let done = 0; done < length;) {
      const got = this.#calls.pread(this.#descriptor, address + done, length - done, offset + done);
      if (got === 0) return done;
      if (got > 0) done += got;
      else {
        const errno = this.#calls.errno();
        if (errno !== Errno.EINTR) throw failedCall("write", this.path, errno);
      }
    }
    return length;
  }

  close(): void {
    if (this.#descriptor < 0) return;
    // Closed now, the descriptor could belong to another file when the other thread uses it.
    this.#closing = true;
    if (this.#running > 0) return;
    const result = this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
    // Some file systems report ENOSPC only on close.
    if (result !== 0) throw failedCall("write", this.path, this.#calls.errno());
  }
}
