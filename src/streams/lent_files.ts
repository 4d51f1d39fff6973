/** The receiving side of lent files: their bytes come straight from the file, on the same machine, and through no stream. */

import { FileError } from "../errors.ts";
import type { FileEngine, RangeReader, RangeWriter } from "../files/engine.ts";
import { alignedBuffer } from "../native/aligned_buffer.ts";
import { crc32 } from "../protocol/crc32.ts";
import type { LentFile } from "../protocol/lent.ts";
import type { JournalWriter } from "../resume/journal_writer.ts";
import type { Breather } from "./breather.ts";

/** What is read and written at once, and noted in a journal. */
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
   * A journal gets the sum of each piece from when it was read. That takes little more than having the system copy, which
   * tells no sums; blocks that the file system shares take no time, now or in a later copy, and are not noted.
   *
   * @param journal of the target; without one the system copies where it can.
   * @returns whether they still are.
   * @throws {FileError} also when the file is shorter.
   */
  async copy(
    file: LentFile,
    writer: RangeWriter,
    { offset, length }: { offset: number; length: number },
    { journal, isWanted }: { journal?: JournalWriter; isWanted: () => boolean },
  ): Promise<boolean> {
    const reader = this.#open(file);
    try {
      for (let done = 0; done < length && isWanted();) {
        const at = offset + done;
        const left = length - done;
        const copied = journal
          ? await writer.shareFrom?.(reader, at, left) ? left : 0
          : await writer.copyFrom?.(reader, at, left) ?? 0;
        if (copied === 0 && !isWanted()) break;
        done += copied > 0 ? copied : await this.#readAndWrite(reader, writer, at, left, { journal, isWanted });
        const breath = this.#breather.breathe();
        if (breath) await breath;
      }
    } finally {
      reader.close();
    }
    return isWanted();
  }

  /** Aside, so that the other streams of this thread go on meanwhile. @returns how many bytes; 0 when nobody wants them. */
  async #readAndWrite(
    reader: RangeReader,
    writer: RangeWriter,
    offset: number,
    length: number,
    { journal, isWanted }: { journal?: JournalWriter; isWanted: () => boolean },
  ): Promise<number> {
    const buffer = this.#buffer ??= alignedBuffer(READ_BYTES);
    const most = Math.min(length, READ_BYTES);
    const read = await reader.readAside?.(buffer, 0, most, offset) ?? 0;
    if (!isWanted()) return 0;
    if (read < most && reader.readAt(buffer, 0, most, offset) < most) {
      throw new FileError("read", reader.path, "it became shorter while it was read", {
        code: "ECHANGED",
        hint: "Copy it again when nothing writes to it",
      });
    }
    const sum = journal ? crc32(buffer, 0, most) : 0;
    const wrote = await writer.writeAside?.(buffer, 0, most, offset) ?? 0;
    if (!isWanted()) return 0;
    if (wrote < most) writer.writeAt(buffer, 0, most, offset);
    journal?.append(offset, offset + most, sum);
    return most;
  }
}
