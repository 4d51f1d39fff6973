/** Local copies: on the same machine, the receiver copies from the file that the sender has open. */

import type { FileEngine } from "../../files/engine/engine.ts";
import type { RangeReader } from "../../files/engine/source.ts";
import type { RangeWriter } from "../../files/engine/partial_file.ts";
import { shrunkFile } from "../../files/stat/file_failure.ts";
import { alignedPart, PAGE } from "../../native/libc/aligned_buffer.ts";
import { ForeignMemoryPool } from "../../native/libc/foreign_memory_pool.ts";
import { hasSameBytes } from "../../native/libc/same_bytes.ts";
import type { SharedFile } from "../../protocol/data/shared_file.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";

/** Bytes that are read and written, or compared, at once. */
const READ_BYTES = 1 << 20;
/** Memory that outlives this thread: calls of other threads may still write to it when this thread ends. */
const buffers = new ForeignMemoryPool(READ_BYTES + PAGE);

/** Options for copying a range. */
export interface LocalCopyOptions {
  /** Whether an earlier run may have written to the target. Its correct bytes are not copied again. Default: false. */
  compares?: boolean;
  /** Returns whether the range is still needed. */
  isNeeded: () => boolean;
}

/** Copies from the open files of one process, for one stream. */
export class SameHostCopier {
  readonly #open: (file: SharedFile) => RangeReader;
  readonly #yielder: EventLoopYielder;

  /** @param pid process ID of the sender. @throws {Error} if the engine cannot open files of other processes. */
  constructor({ openShared }: FileEngine, pid: number, yielder: EventLoopYielder) {
    if (!openShared) throw new Error("This engine cannot open files of another process");
    this.#open = (file) => openShared(pid, file);
    this.#yielder = yielder;
  }

  /**
   * Copies bytes [offset, offset + length) to the same offset, while they are needed. The kernel copies if it can.
   *
   * @returns the number of bytes that an earlier run had already written; undefined if they are no longer needed.
   * @throws {FileError} If it cannot be read, or the file has shrunk.
   */
  async copy(
    file: SharedFile,
    writer: RangeWriter,
    { offset, length }: { offset: number; length: number },
    { compares, isNeeded }: LocalCopyOptions,
  ): Promise<number | undefined> {
    const reader = this.#open(file);
    let found = 0;
    try {
      // Sharing blocks is faster than comparing them.
      if (compares && await writer.shareFrom?.(reader, offset, length)) return isNeeded() ? 0 : undefined;
      for (let done = 0; done < length && isNeeded();) {
        const at = offset + done;
        const left = length - done;
        const missing = compares ? await this.#missingAt(reader, writer, at, left) : left;
        if (!isNeeded()) break;
        if (missing === 0) {
          const same = Math.min(left, READ_BYTES);
          found += same;
          done += same;
        } else {
          const copied = await writer.copyFrom?.(reader, at, missing) ?? 0;
          if (copied === 0 && !isNeeded()) break;
          done += copied > 0 ? copied : await this.#readAndWrite(reader, writer, at, missing, isNeeded);
        }
        const yielding = this.#yielder.yieldIfDue();
        if (yielding) await yielding;
      }
    } finally {
      reader.close();
    }
    return isNeeded() ? found : undefined;
  }

  /** @returns the number of bytes from `offset` on to copy; 0 if the first `READ_BYTES`, or all, are the same. */
  async #missingAt(reader: RangeReader, writer: RangeWriter, offset: number, length: number): Promise<number> {
    const piece = Math.min(length, READ_BYTES);
    const hole = writer.holeAt?.(offset, length) ?? length;
    if (hole >= piece) return hole;
    return await this.#isSame(reader, writer, offset, piece) ? 0 : piece;
  }

  /** Returns whether both files have the same bytes. Unreadable bytes count as different; the copy will report the error. */
  async #isSame(reader: RangeReader, writer: RangeWriter, offset: number, length: number): Promise<boolean> {
    return await withBuffer((source) =>
      withBuffer(async (target) => {
        const [read, readBack] = await Promise.all([
          reader.readAsync?.(source, 0, length, offset),
          writer.readBackAsync?.(target, 0, length, offset),
        ]);
        return read === length && readBack === length && hasSameBytes(source, target, length);
      })
    );
  }

  /** Copies in another thread, so that other streams of this one continue. @returns bytes; 0 if they are not needed. */
  async #readAndWrite(
    reader: RangeReader,
    writer: RangeWriter,
    offset: number,
    length: number,
    isNeeded: () => boolean,
  ): Promise<number> {
    return await withBuffer(async (buffer) => {
      const count = Math.min(length, READ_BYTES);
      const read = await reader.readAsync?.(buffer, 0, count, offset) ?? 0;
      if (!isNeeded()) return 0;
      if (read < count && reader.readAt(buffer, 0, count, offset) < count) {
        throw shrunkFile(reader.path, "while it was read");
      }
      const wrote = await writer.writeAsync?.(buffer, 0, count, offset) ?? 0;
      if (!isNeeded()) return 0;
      if (wrote < count) writer.writeAt(buffer, 0, count, offset);
      return count;
    });
  }
}

/** Runs the work with a buffer of `READ_BYTES` that is not cleared. */
function withBuffer<Result>(work: (buffer: Uint8Array<ArrayBuffer>) => Promise<Result>): Promise<Result> {
  return buffers.use(({ memory }) => work(alignedPart(new Uint8Array(memory))));
}
