/** Standard output as a target: written in order, never opened or closed by a path. */

import type { RangeWriter } from "./engine.ts";
import { failedDeno } from "./file_failure.ts";
import { writeZerosInOrder } from "./sparse_writer.ts";
import { outOfOrder } from "./target_failure.ts";

/** The path of a device root that means standard output. Every other path of a root is absolute. */
export const STANDARD_OUTPUT = "-";

/** See above. */
export class StandardOutputWriter implements RangeWriter {
  readonly path = "standard output";
  #position = 0;

  writeAt(buffer: Uint8Array<ArrayBuffer>, at: number, length: number, offset: number): void {
    if (offset !== this.#position) throw outOfOrder(this.path);
    try {
      for (let done = 0; done < length;) done += Deno.stdout.writeSync(buffer.subarray(at + done, at + length));
    } catch (error) {
      throw failedDeno("write", this.path, error);
    }
    this.#position += length;
  }

  zerosAt(offset: number, length: number): void {
    writeZerosInOrder((zeros, most, at) => this.writeAt(zeros, 0, most, at), offset, length);
  }

  close(): void {}
}
