/** Sends standard input as one file, whose size is known at its end. */

import { FileError, messageOf } from "../../errors.ts";
import { BLOCK_HEADER_BYTES, BlockCodec, writeBlockHeader } from "../../protocol/data/block.ts";
import { combineCrc32, crc32 } from "../../protocol/crc32.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import type { Compressor } from "../frames/compressor.ts";
import { toFailure } from "../failure.ts";
import { FRAME_START } from "../frames/frames.ts";
import type { FrameSender } from "../frames/frame_sender.ts";
import { aliveWhile } from "../frames/keep_alive.ts";
import type { SentRange } from "./range_sender.ts";
import type { InputUnit } from "../unit.ts";

/** Source of the bytes: standard input, except in tests. */
export interface Input {
  /** Reads into the buffer. @returns the number of bytes; null at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
}

/** Sends the input to its end, or sets `sent.failure`. Advances `sent.unit.end` with each block. */
export async function sendInput(
  input: Input,
  unit: InputUnit,
  sent: SentRange,
  out: FrameSender,
  { blockBytes, keepAliveMs, compressor }: { blockBytes: number; keepAliveMs: number; compressor?: Compressor },
): Promise<void> {
  // Not a frame buffer, because keep-alives use the frame buffers while the input is awaited.
  const chunk = new Uint8Array(blockBytes);
  for (let ended = false; !ended && !sent.refused;) {
    let length = 0;
    while (!ended && length < blockBytes) {
      const read = await readWithKeepAlives(input, chunk.subarray(length), sent, out, keepAliveMs);
      if (sent.failure) return;
      if (read === null) ended = true;
      else length += read;
    }
    const contents = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;
    out.bytes.set(chunk.subarray(0, length), contents);
    const sum = crc32(out.bytes, contents, contents + length);
    const offset = sent.unit.end;
    sent.crc32 = combineCrc32(sent.crc32, sum, length);
    sent.unit.end += length;
    const coded = compressor?.compress(out.bytes, contents, contents + length);
    writeBlockHeader(out.view, contents - BLOCK_HEADER_BYTES, {
      unit: unit.unit,
      file: unit.file,
      offset,
      length,
      crc32: sum,
      codec: coded === undefined ? BlockCodec.stored : compressor!.codecNumber,
      last: ended,
    });
    await out.send(FrameKind.block, BLOCK_HEADER_BYTES + (coded ?? length));
  }
}

async function readWithKeepAlives(
  input: Input,
  chunk: Uint8Array<ArrayBuffer>,
  sent: SentRange,
  out: FrameSender,
  keepAliveMs: number,
): Promise<number | null> {
  const reading = input.read(chunk).catch((error) => {
    const state = messageOf(error);
    sent.failure = toFailure(new FileError("read", "standard input", state, { cause: error }));
    return null;
  });
  return await aliveWhile(reading, out, keepAliveMs);
}
