/** The receiving side of lent files: their bytes come straight from the file, on the same machine, and through no stream. */

import { FileError } from "../errors.ts";
import type { FileEngine, RangeReader, RangeWriter } from "../files/engine.ts";
import { alignedBuffer } from "../native/aligned_buffer.ts";
import type { LentFile } from "../protocol/lent.ts";
import type { Breather } from "./breather.ts";

/** What is read at once where the system cannot copy by itself. */
const READ_BYTES = 1 << 20;

/** Copies what one process lends; one for each stream. */
export class LentFiles {
  readonly #open: (file: LentFile) => RangeReader;
  readonly #breather: Breather;
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  /** @param lender the process. @throws {Error} with an engine that cannot borrow, which must not have said that it can. */
  constructor({ openLent }: FileEngine, lender: number, breather: Breather) {
    if (!openLent) throw new Error("This engine cannot open what another process has open");
    this.#open = (file) => openLent(lender, file);
    this.#breather = breather;
  }

  /**
   * Copies bytes [offset, offset + length) to the same place, as long as they are wanted.
   *
   * @returns whether they still are.
   * @throws {FileError} also when the file is shorter.
   */
  async copy(
    file: LentFile,
    writer: RangeWriter,
    { offset, length }: { offset: number; length: number },
    isWanted: () => boolean,
  ): Promise<boolean> {
    const reader = this.#open(file);
    try {
      for (let done = 0; done < length && isWanted();) {
        const left = length - done;
        const copied = await writer.copyFrom?.(reader, offset + done, left) ?? 0;
        if (copied === 0 && !isWanted()) break;
        done += copied > 0 ? copied : this.#readAndWrite(reader, writer, offset + done, left);
        const breath = this.#breather.breathe();
        if (breath) await breath;
      }
    } finally {
      reader.close();
    }
    return isWanted();
  }

  #readAndWrite(reader: RangeReader, writer: RangeWriter, offset: number, length: number): number {
    const buffer = this.#buffer ??= alignedBuffer(READ_BYTES);
    const most = Math.min(length, READ_BYTES);
    if (reader.readAt(buffer, 0, most, offset) < most) {
      throw new FileError("read", reader.path, "it became shorter while it was read", {
        code: "ECHANGED",
        hint: "Copy it again when nothing writes to it",
      });
    }
    writer.writeAt(buffer, 0, most, offset);
    return most;
  }
}
