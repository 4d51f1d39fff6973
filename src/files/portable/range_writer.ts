/** Writes a file at offsets with `Deno.FsFile`. */

import type { RangeWriter } from "../engine/partial_file.ts";
import { failedDeno } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf } from "../stat/file_identity.ts";
import { overwriteWithZeros } from "../output/sparse_writer.ts";

/** Owns its file. */
export class PortableRangeWriter implements RangeWriter {
  readonly path: string;
  #file: Deno.FsFile | undefined;

  /** @param text Path for messages. */
  constructor(file: Deno.FsFile, text: string) {
    this.#file = file;
    this.path = text;
  }

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    try {
      this.#file!.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < length;) done += this.#file!.writeSync(buffer.subarray(at + done, at + length));
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
  }

  zerosAt(offset: number, length: number): void {
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

  setSize(size: number): void {
    try {
      this.#file!.truncateSync(size);
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
  }

  /** Returns the identity of the file. @throws errors of `Deno.FsFile.statSync`. */
  identity(): FileIdentity {
    return identityOf(this.#file!.statSync());
  }

  /** Flushes the file to disk. @throws {FileError} */
  sync(): void {
    try {
      this.#file?.syncSync();
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
  }

  /** Returns the open file, which `close` does not close any more. */
  detach(): { close(): void } {
    const file = this.#file!;
    this.#file = undefined;
    return file;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
