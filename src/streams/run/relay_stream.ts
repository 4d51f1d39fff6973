/** One stream between two other hosts: frames of one host are decrypted, encrypted again, and sent to the other. */

import { ProtocolError } from "../../errors.ts";
import { FrameKind } from "../../protocol/data/frame.ts";
import { readResult, type SignatureResponse, type UnitResult } from "../../protocol/data/results.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { FRAME_START, type FrameReader, type FrameWriter } from "../frames/frames.ts";

/** Callbacks of a relayed stream. */
export interface RelayHost {
  /** Called with the bytes that the receiver has written on this stream so far. */
  written(bytes: number): void;
  /** Called with the receiver's result of a unit that was written or compared. */
  relayed(result: Exclude<UnitResult, SignatureResponse>): void;
}

/** A connection to one of the two hosts. */
export interface RelayEnd {
  reader: FrameReader;
  writer: FrameWriter;
}

const FROM_SENDER: readonly number[] = [
  FrameKind.pack,
  FrameKind.block,
  FrameKind.compare,
  FrameKind.signature,
  FrameKind.owners,
  FrameKind.keepAlive,
  FrameKind.end,
];
const FROM_RECEIVER: readonly number[] = [FrameKind.result, FrameKind.keepAlive, FrameKind.end];

/** Runs until the last frame of both directions. @throws {unknown} The error of a broken connection. */
export async function relayStream(
  sender: RelayEnd,
  receiver: RelayEnd,
  host: RelayHost,
  yielder: EventLoopYielder,
): Promise<void> {
  await Promise.all([
    forward(sender.reader, receiver.writer, FROM_SENDER, yielder),
    forward(receiver.reader, sender.writer, FROM_RECEIVER, yielder, (reader) => inspect(reader, host)),
  ]);
}

async function forward(
  from: FrameReader,
  to: FrameWriter,
  kinds: readonly number[],
  yielder: EventLoopYielder,
  onFrame: (reader: FrameReader) => void = () => {},
): Promise<void> {
  for (;;) {
    await from.next();
    const { kind, start, end } = from;
    if (!kinds.includes(kind)) {
      throw new ProtocolError("bad-frame", `Cannot accept a frame of kind ${kind} from this host`);
    }
    onFrame(from);
    // In place: a frame has the same layout on both connections, and the bytes that were read ahead follow it.
    await to.write(kind, from.bytes, FRAME_START, end - start);
    if (kind === FrameKind.end) return;
    const yielding = yielder.yieldIfDue();
    if (yielding) await yielding;
  }
}

function inspect(reader: FrameReader, host: RelayHost): void {
  if (reader.kind !== FrameKind.result) return;
  const result = readResult(reader.view, reader.start, reader.end);
  if (result.type === "progress") host.written(result.bytes);
  else if (result.type !== "signature") host.relayed(result);
}
