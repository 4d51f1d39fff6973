/** The receiving side of lent files: their bytes come straight from the file, on the same machine, and through no stream. */

import { FileError } from "../../errors.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { RangeReader } from "../../files/engine/source.ts";
import type { RangeWriter } from "../../files/engine/target.ts";
import { alignedPart, PAGE } from "../../native/libc/aligned_buffer.ts";
import { ForeignMemoryPool } from "../../native/libc/foreign_memory_pool.ts";
import { hasSameBytes } from "../../native/libc/same_bytes.ts";
import type { SharedFile } from "../../protocol/data/shared_file.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";

/** What is read and written, or compared, at once. */
const READ_BYTES = 1 << 20;
/** Calls in other threads write to them, which may be under way still when this thread is ended. */
const buffers = new ForeignMemoryPool(READ_BYTES + PAGE);

/** How a range is copied. */
export interface LocalCopyOptions {
  /** An earlier copy may have written to the target: what is there already is not copied. Default false. */
  compares?: boolean;
  /** Whether anybody still wants the range. */
  isWanted: () => boolean;
}

/** Copies what one process lends; one for each stream. */
export class SameHostCopier {
  readonly #open: (file: SharedFile) => RangeReader;
  readonly #yielder: EventLoopYielder;

  /** @param lender the process. @throws {Error} with an engine that cannot borrow, which must not have said that it can. */
  constructor({ openShared }: FileEngine, lender: number, yielder: EventLoopYielder) {
    if (!openShared) throw new Error("This engine cannot open what another process has open");
    this.#open = (file) => openShared(lender, file);
    this.#yielder = yielder;
  }

  /**
   * Copies bytes [offset, offset + length) to the same place, as long as they are wanted: by the system where it can.
   *
   * @returns how many of them were there already; undefined when they are not wanted any more.
   * @throws {FileError} also when the file is shorter.
   */
  async copy(
    file: SharedFile,
    writer: RangeWriter,
    { offset, length }: { offset: number; length: number },
    { compares, isWanted }: LocalCopyOptions,
  ): Promise<number | undefined> {
    const reader = this.#open(file);
    let found = 0;
    try {
      // It takes no time, which comparing does.
      if (compares && await writer.shareFrom?.(reader, offset, length)) return isWanted() ? 0 : undefined;
      for (let done = 0; done < length && isWanted();) {
        const at = offset + done;
        const left = length - done;
        const missing = compares ? await this.#missingAt(reader, writer, at, left) : left;
        if (!isWanted()) break;
        if (missing === 0) {
          const there = Math.min(left, READ_BYTES);
          found += there;
          done += there;
        } else {
          const copied = await writer.copyFrom?.(reader, at, missing) ?? 0;
          if (copied === 0 && !isWanted()) break;
          done += copied > 0 ? copied : await this.#readAndWrite(reader, writer, at, missing, isWanted);
        }
        const breath = this.#yielder.yieldIfDue();
        if (breath) await breath;
      }
    } finally {
      reader.close();
    }
    return isWanted() ? found : undefined;
  }

  /** @returns how many bytes from `offset` on are to be copied; 0 when the first `READ_BYTES`, or all, are there. */
  async #missingAt(reader: RangeReader, writer: RangeWriter, offset: number, length: number): Promise<number> {
    const piece = Math.min(length, READ_BYTES);
    const hole = writer.holeAt?.(offset, length) ?? length;
    if (hole >= piece) return hole;
    return await this.#isThere(reader, writer, offset, piece) ? 0 : piece;
  }

  /** What cannot be read, on either side, is not there: copying it tells why. */
  async #isThere(reader: RangeReader, writer: RangeWriter, offset: number, length: number): Promise<boolean> {
    return await borrowed((source) =>
      borrowed(async (target) => {
        const [read, stands] = await Promise.all([
          reader.readAsync?.(source, 0, length, offset),
          writer.readBackAsync?.(target, 0, length, offset),
        ]);
        return read === length && stands === length && hasSameBytes(source, target, length);
      })
    );
  }

  /** Aside, so that the other streams of this thread go on meanwhile. @returns how many bytes; 0 when nobody wants them. */
  async #readAndWrite(
    reader: RangeReader,
    writer: RangeWriter,
    offset: number,
    length: number,
    isWanted: () => boolean,
  ): Promise<number> {
    return await borrowed(async (buffer) => {
      const most = Math.min(length, READ_BYTES);
      const read = await reader.readAsync?.(buffer, 0, most, offset) ?? 0;
      if (!isWanted()) return 0;
      if (read < most && reader.readAt(buffer, 0, most, offset) < most) {
        throw new FileError("read", reader.path, "it became shorter while it was read", {
          code: "ECHANGED",
          hint: "Copy it again when nothing writes to it",
        });
      }
      const wrote = await writer.writeAsync?.(buffer, 0, most, offset) ?? 0;
      if (!isWanted()) return 0;
      if (wrote < most) writer.writeAt(buffer, 0, most, offset);
      return most;
    });
  }
}

/** Lends a buffer of `READ_BYTES`, whatever is in it, until the work is done. */
function borrowed<Result>(work: (buffer: Uint8Array<ArrayBuffer>) => Promise<Result>): Promise<Result> {
  return buffers.use(({ memory }) => work(alignedPart(new Uint8Array(memory))));
}
