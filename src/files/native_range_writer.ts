/** Writing a large file at offsets, or a device in order. */

import { openAsyncFileCalls } from "../native/async_file_calls.ts";
import { addressOf, AT_FDCWD, type FileCalls, SEEK_DATA } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import { encodeName } from "../protocol/names.ts";
import type { RangeReader, RangeWriter } from "./engine.ts";
import { failedCall } from "./file_failure.ts";
import { overwriteWithZeros, writeZerosInOrder } from "./sparse_writer.ts";
import { outOfOrder } from "./target_failure.ts";

const EINTR = 4;
const ENXIO = 6;
/** A write of more than 2**31 - 1 bytes would not fit into its result. */
const MOST_WRITE_BYTES = 1 << 30;

/** Opens a device, FIFO or the like for writing in place. @throws {FileError} */
export function openDevice(calls: FileCalls, path: string): number {
  const { write, noTty, closeOnExec } = calls.flags;
  const name = new Scratch(4097);
  name.putName(encodeName(path).subarray(0, 4096));
  const descriptor = calls.openat(AT_FDCWD, name.address, write | noTty | closeOnExec, 0);
  if (descriptor < 0) throw failedCall("write", path, calls.errno());
  return descriptor;
}

/** Owns its descriptor. */
export class NativeRangeWriter implements RangeWriter {
  readonly #calls: FileCalls;
  readonly path: string;
  /** Where a device stands; undefined for a file, which may be written anywhere. */
  #position: number | undefined;
  #descriptor: number;
  /** A call is under way in another thread. */
  #busy = false;
  #closing = false;
  #canCopy = true;
  #canShare = true;

  constructor(calls: FileCalls, descriptor: number, options: { text: string; inOrder: boolean }) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.path = options.text;
    this.#position = options.inOrder ? 0 : undefined;
  }

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    if (this.#position !== undefined && this.#position !== offset) throw outOfOrder(this.path);
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    const calls = this.#calls;
    for (let done = 0; done < length;) {
      const most = Math.min(length - done, MOST_WRITE_BYTES);
      const wrote = this.#position === undefined
        ? calls.pwrite(this.#descriptor, address + done, most, offset + done)
        : calls.write(this.#descriptor, address + done, most);
      if (wrote >= 0) done += wrote;
      else {
        const errno = calls.errno();
        if (errno !== EINTR) throw failedCall("write", this.path, errno);
      }
    }
    if (this.#position !== undefined) this.#position += length;
  }

  writeAside(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#aside("pwrite", buffer, at, length, offset);
  }

  readBackAside(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#aside("pread", buffer, at, length, offset);
  }

  async #aside(
    call: "pread" | "pwrite",
    buffer: Uint8Array<ArrayBuffer>,
    at: number,
    length: number,
    offset: number,
  ): Promise<number> {
    if (this.#position !== undefined) return 0;
    const address = addressOf(buffer.buffer) + buffer.byteOffset + at;
    return await this.#elsewhere(openAsyncFileCalls()[call](this.#descriptor, address, length, offset));
  }

  zerosAt(offset: number, length: number): void {
    if (this.#position !== undefined) {
      writeZerosInOrder((zeros, most, at) => this.writeAt(zeros, 0, most, at), offset, length);
      return;
    }
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

  async copyFrom({ lent }: RangeReader, offset: number, length: number): Promise<number> {
    if (!lent || !this.#canCopy || this.#position !== undefined) return 0;
    const copied = await this.#elsewhere(
      openAsyncFileCalls().copyRange(lent.descriptor, this.#descriptor, offset, length),
    );
    // Other file systems, or none that can; what is wrong with the files is found when they are read and written.
    if (copied < 0) this.#canCopy = false;
    return Math.max(0, copied);
  }

  async shareFrom({ lent }: RangeReader, offset: number, length: number): Promise<boolean> {
    if (!lent || !this.#canShare || this.#position !== undefined) return false;
    const result = await this.#elsewhere(
      openAsyncFileCalls().shareRange(lent.descriptor, this.#descriptor, offset, length),
    );
    this.#canShare = result === 0;
    return this.#canShare;
  }

  /** Keeps the descriptor open for a call that takes place in another thread. */
  async #elsewhere(call: Promise<number>): Promise<number> {
    this.#busy = true;
    try {
      return await call;
    } finally {
      this.#busy = false;
      if (this.#closing) this.close();
    }
  }

  holeAt(offset: number, length: number): number {
    const data = this.#calls.seek(this.#descriptor, offset, SEEK_DATA);
    if (data >= 0) return Math.min(length, data - offset);
    return this.#calls.errno() === ENXIO ? length : 0;
  }

  #readAt(buffer: Uint8Array<ArrayBuffer>, length: number, offset: number): number {
    const address = addressOf(buffer.buffer) + buffer.byteOffset;
    for (let done = 0; done < length;) {
      const got = this.#calls.pread(this.#descriptor, address + done, length - done, offset + done);
      if (got === 0) return done;
      if (got > 0) done += got;
      else {
        const errno = this.#calls.errno();
        if (errno !== EINTR) throw failedCall("write", this.path, errno);
      }
    }
    return length;
  }

  close(): void {
    if (this.#descriptor < 0) return;
    // The descriptor could be another file's by the time that the other thread comes to use it.
    this.#closing = true;
    if (this.#busy) return;
    const result = this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
    // Some file systems say only now that nothing more fits.
    if (result !== 0) throw failedCall("write", this.path, this.#calls.errno());
  }
}
