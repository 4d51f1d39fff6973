/** Creates holes in a target file: a page of zeros is not written, and existing data in its place is removed. */

import type { RangeWriter } from "../engine/partial_file.ts";
import { endOfData, endOfZeros, isZero } from "./zero_pages.ts";

/** Wraps a writer: writes data with its `writeAt` and pages of zeros with its `zerosAt`. */
export class SparseWriter implements RangeWriter {
  readonly #writer: RangeWriter;

  constructor(writer: RangeWriter) {
    this.#writer = writer;
  }

  get path(): string {
    return this.#writer.path;
  }

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    const end = at + length;
    for (let start = at; start < end;) {
      const data = endOfData(buffer, start, end, offset + start - at);
      if (data > start) this.#writer.writeAt(buffer, start, data - start, offset + start - at);
      const zeros = endOfZeros(buffer, data, end, offset + data - at);
      if (zeros > data) this.#writer.zerosAt(offset + data - at, zeros - data);
      start = zeros;
    }
  }

  zerosAt(offset: number, length: number): void {
    this.#writer.zerosAt(offset, length);
  }

  readBackAsync(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): Promise<number> {
    return this.#writer.readBackAsync?.(buffer, at, length, offset) ?? Promise.resolve(0);
  }

  holeAt(offset: number, length: number): number {
    return this.#writer.holeAt?.(offset, length) ?? 0;
  }

  close(): void {
    this.#writer.close();
  }
}

/** A file that can be read back. */
export interface ReadBack {
  /** Reads to buffer[0, length); fewer bytes only at the end of the file. */
  readAt(buffer: Uint8Array<ArrayBuffer>, length: number, offset: number): number;
  writeAt(buffer: Uint8Array<ArrayBuffer>, length: number, offset: number): void;
}

/**
 * Zeros a range of a file without a system call for holes. The range is read first, so that existing holes stay. Bytes
 * after the end of the file count as zero.
 */
export function overwriteWithZeros(file: ReadBack, offset: number, length: number): void {
  const buffer = bufferForZeros();
  for (let done = 0; done < length;) {
    const most = Math.min(buffer.length, length - done);
    const got = file.readAt(buffer, most, offset + done);
    if (!isZero(buffer, 0, got)) file.writeAt(buffer.fill(0), got, offset + done);
    if (got < most) return;
    done += got;
  }
}

let buffer: Uint8Array<ArrayBuffer> | undefined;

function bufferForZeros(): Uint8Array<ArrayBuffer> {
  return buffer ??= new Uint8Array(256 << 10);
}
