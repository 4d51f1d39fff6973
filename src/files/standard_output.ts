/** Standard output, also as a target: written in order, never opened or closed by a path. */

import type { RangeWriter } from "./engine.ts";
import { writeAll } from "../log/write_all.ts";
import { sharedOutput } from "../native/shared_output.ts";
import { failedDeno } from "./file_failure.ts";
import { writeZerosInOrder } from "./sparse_writer.ts";
import { outOfOrder } from "./target_failure.ts";

/** The path of a device root that means standard output. Every other path of a root is absolute. */
export const STANDARD_OUTPUT = "-";

/** What messages call it. */
const NAME = "standard output";

let stream: { writeSync(bytes: Uint8Array): number } | undefined;

/** Writes all of the bytes. @throws {FileError} where that cannot be, as when nobody reads them any more. */
export function writeStandardOutput(bytes: Uint8Array): void {
  stream ??= sharedOutput() ?? Deno.stdout;
  try {
    writeAll(stream, bytes);
  } catch (error) {
    throw failedDeno("write", NAME, error);
  }
}

/** See above. */
export class StandardOutputWriter implements RangeWriter {
  readonly path = NAME;
  #position = 0;

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    if (offset !== this.#position) throw outOfOrder(this.path);
    writeStandardOutput(buffer.subarray(at, at + length));
    this.#position += length;
  }

  zerosAt(offset: number, length: number): void {
    writeZerosInOrder((zeros, most, at) => this.writeAt(zeros, 0, most, at), offset, length);
  }

  close(): void {}
}
