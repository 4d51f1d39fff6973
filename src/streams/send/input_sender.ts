/** Sends what comes in on standard input, as one file whose length is known only at its end. */

import { FileError } from "../../errors.ts";
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

/** Where the bytes come from: standard input, outside of tests. */
export interface Input {
  /** Bytes read into the buffer, null at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
}

/** Sends the input to its end, or sets `sent.failure`. `sent.unit.end` grows with what was read. */
export async function sendInput(
  input: Input,
  unit: InputUnit,
  sent: SentRange,
  out: FrameSender,
  { blockBytes, quietMs, compressor }: { blockBytes: number; quietMs: number; compressor?: Compressor },
): Promise<void> {
  // A buffer of its own: while the input is awaited, the frame buffers are free for signs of life.
  const chunk = new Uint8Array(blockBytes);
  for (let ended = false; !ended && !sent.refused;) {
    let length = 0;
    while (!ended && length < blockBytes) {
      const read = await readOrSignal(input, chunk.subarray(length), sent, out, quietMs);
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
      codec: coded === undefined ? BlockCodec.stored : compressor!.coding,
      last: ended,
    });
    await out.send(FrameKind.block, BLOCK_HEADER_BYTES + (coded ?? length));
  }
}

async function readOrSignal(
  input: Input,
  chunk: Uint8Array<ArrayBuffer>,
  sent: SentRange,
  out: FrameSender,
  quietMs: number,
): Promise<number | null> {
  const reading = input.read(chunk).catch((error) => {
    const state = error instanceof Error ? error.message : String(error);
    sent.failure = toFailure(new FileError("read", "standard input", state, { cause: error }));
    return null;
  });
  return await aliveWhile(reading, out, quietMs);
}
