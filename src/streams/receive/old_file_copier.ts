/** Copies blocks of the file that a large file replaces. */

import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { ProtocolError } from "../../errors.ts";
import type { RangeReader } from "../../files/engine/source.ts";
import type { RangeWriter } from "../../files/engine/partial_file.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { replaced } from "../../files/stat/file_identity.ts";
import { alignedBuffer, PAGE } from "../../native/libc/aligned_buffer.ts";
import { combineCrc32, crc32 } from "../../protocol/crc32.ts";

/** Bytes that are read and written at once. They stay in the cache of the processor. */
const PIECE_BYTES = 256 << 10;
/** Shared by all streams of this thread: there is no await between reading and writing a piece. */
let piece: Uint8Array<ArrayBuffer> | undefined;

/** A block of an old file. */
export interface OldBlock {
  offset: number;
  length: number;
  /** Offset in the old file. */
  old: number;
}

/** The old file, and the file to write. */
export interface OldFiles {
  reader: RangeReader;
  writer: RangeWriter;
  /** Opens the file to write for reading. Called if the old file has changed since it was opened. */
  readBack: () => RangeReader;
  /** Whether both are one file: its bytes are only read. */
  inPlace: boolean;
}

/**
 * Copies a block while it is needed.
 *
 * @returns CRC-32 of the copied bytes; undefined if they are no longer needed.
 * @throws {FileError} If the old file is shorter, or cannot be read or written.
 * @throws {ProtocolError} code "bad-block" if a file that is changed in place would be moved.
 */
export async function copyOldBlock(
  { offset, length, old }: OldBlock,
  { reader, writer, readBack, inPlace }: OldFiles,
  yielder: EventLoopYielder,
  isNeeded: () => boolean,
): Promise<number | undefined> {
  if (inPlace && old !== offset) {
    throw new ProtocolError("bad-block", "Cannot move a block of a file that is changed in place");
  }
  if (inPlace) return await sum({ reader, offset, length }, yielder, isNeeded);
  if (await sharesBlocks(writer, reader, { offset, length, old })) {
    // Pages of the old file may be in memory from its comparison. Those of the new file are on the disk only.
    if (reader.changeSince() === FileChange.none) {
      const crc = await sum({ reader, offset, length }, yielder, isNeeded);
      if (crc === undefined || reader.changeSince() === FileChange.none) return crc;
    }
    // The old file may have changed after the new one got its blocks.
    const shared = readBack();
    try {
      return await sum({ reader: shared, offset, length }, yielder, isNeeded);
    } finally {
      shared.close();
    }
  }
  const write = (bytes: Uint8Array<ArrayBuffer>, count: number, done: number) =>
    writer.writeAt(bytes, 0, count, offset + done);
  return await sum({ reader, offset: old, length }, yielder, isNeeded, write);
}

/** Returns the CRC-32 of a range. @param use called with each piece. */
async function sum(
  { reader, offset, length }: { reader: RangeReader; offset: number; length: number },
  yielder: EventLoopYielder,
  isNeeded: () => boolean,
  use?: (bytes: Uint8Array<ArrayBuffer>, count: number, done: number) => void,
): Promise<number | undefined> {
  piece ??= alignedBuffer(PIECE_BYTES);
  let crc = 0;
  for (let done = 0; done < length && isNeeded();) {
    const count = Math.min(PIECE_BYTES, length - done);
    if (reader.readAt(piece, 0, count, offset + done) < count) throw replaced("read", reader.path);
    crc = combineCrc32(crc, crc32(piece, 0, count), count);
    use?.(piece, count, done);
    done += count;
    const yielding = yielder.yieldIfDue();
    if (yielding) await yielding;
  }
  return isNeeded() ? crc : undefined;
}

/** Lets both files share blocks, if the file system can. */
async function sharesBlocks(writer: RangeWriter, reader: RangeReader, { offset, length, old }: OldBlock) {
  if (old !== offset || offset % PAGE !== 0 || length % PAGE !== 0) return false;
  return await writer.shareFrom?.(reader, offset, length) ?? false;
}
