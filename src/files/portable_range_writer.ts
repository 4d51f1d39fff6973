/** Writing a large file at offsets, or a device in order, with `Deno.FsFile`. */

import type { RangeWriter } from "./engine.ts";
import { failedDeno } from "./file_failure.ts";
import { overwriteWithZeros, writeZerosInOrder } from "./sparse_writer.ts";
import { STANDARD_OUTPUT, StandardOutputWriter } from "./standard_output.ts";
import { outOfOrder } from "./target_failure.ts";

/** Owns its file. */
export class PortableRangeWriter implements RangeWriter {
  readonly path: string;
  /** Where a device stands; undefined for a file, which may be written anywhere. */
  #position: number | undefined;
  #file: Deno.FsFile | undefined;

  constructor(file: Deno.FsFile, options: { text: string; inOrder: boolean }) {
    this.#file = file;
    this.path = options.text;
    this.#position = options.inOrder ? 0 : undefined;
  }

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    if (this.#position !== undefined && this.#position !== offset) throw outOfOrder(this.path);
    try {
      if (this.#position === undefined) this.#file!.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < length;) done += this.#file!.writeSync(buffer.subarray(at + done, at + length));
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
    if (this.#position !== undefined) this.#position += length;
  }

  zerosAt(offset: number, length: number): void {
    if (this.#position !== undefined) {
      writeZerosInOrder((zeros, most, at) => this.writeAt(zeros, 0, most, at), offset, length);
      return;
    }
    overwriteWithZeros(
      {
        readAt: (buffer, most, at) => this.#readAt(buffer, most, at),
        writeAt: (buffer, most, at) => this.writeAt(buffer, 0, most, at),
      },
      offset,
      length,
    );
  }

  #readAt(buffer: Uint8Array<ArrayBuffer>, length: number, offset: number): number {
    try {
      this.#file!.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < length;) {
        const got = this.#file!.readSync(buffer.subarray(done, length));
        if (got === null) return done;
        done += got;
      }
      return length;
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
  }

  /** Returns when what is written is on stable storage. @throws {FileError} */
  sync(): void {
    try {
      this.#file?.syncSync();
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** A device, FIFO or the like, or standard output, to be written in place. @throws {FileError} */
export function openDevice(path: string): RangeWriter {
  if (path === STANDARD_OUTPUT) return new StandardOutputWriter();
  try {
    return new PortableRangeWriter(Deno.openSync(path, { write: true }), { text: path, inOrder: true });
  } catch (error) {
    throw failedDeno("write", path, error);
  }
}
