/**
 * Two frame buffers, so that one is on its way while the next is being filled. Whoever sends fills `bytes` from
 * FRAME_START + 12 on, calls `send`, and then has the other buffer.
 */

import type { FrameWriter } from "./frames.ts";
import { FRAME_START, frameBuffer, viewOf } from "./frames.ts";
import { FRAME_HEADER_BYTES } from "../../protocol/data/frame.ts";
import { ALIGNMENT, alignUp } from "../../protocol/data/alignment.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";

/** See above. */
export class FrameSender {
  /** The buffer to fill now. */
  bytes: Uint8Array<ArrayBuffer>;
  /** A view of `bytes`. */
  view: DataView;
  /** One past the last byte that a payload may take. */
  readonly payloadEnd: number;
  readonly #writer: FrameWriter;
  readonly #yielder: EventLoopYielder;
  #other: { bytes: Uint8Array<ArrayBuffer>; view: DataView };
  #sending: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /** @param payloadLimit most bytes of a payload. */
  constructor(writer: FrameWriter, payloadLimit: number, yielder: EventLoopYielder) {
    this.#writer = writer;
    this.#yielder = yielder;
    // Down to a multiple of the alignment, so that what ends there needs no padding beyond the limit.
    this.payloadEnd = alignUp(FRAME_START + FRAME_HEADER_BYTES + payloadLimit + 1) - ALIGNMENT;
    this.bytes = frameBuffer(payloadLimit);
    this.view = viewOf(this.bytes);
    const other = frameBuffer(payloadLimit);
    this.#other = { bytes: other, view: viewOf(other) };
  }

  /** Seals the payload in `bytes`, and returns as soon as the other buffer is free. */
  async send(kind: number, payloadBytes: number): Promise<void> {
    const { bytes, view } = this;
    const sealing = this.#writer.seal(kind, bytes, FRAME_START, payloadBytes);
    if (sealing) await sealing;
    await this.flush();
    const sending = this.#writer.send(bytes, FRAME_START, payloadBytes);
    // A failure must not be an unhandled rejection while the next frame is being filled.
    this.#sending = sending.catch((error) => {
      this.#failure = { error };
    });
    this.bytes = this.#other.bytes;
    this.view = this.#other.view;
    this.#other = { bytes, view };
    const breath = this.#yielder.yieldIfDue();
    if (breath) await breath;
  }

  /** Awaits that everything is with the system. @throws what sending threw. */
  async flush(): Promise<void> {
    if (this.#sending) await this.#sending;
    if (this.#failure) throw this.#failure.error;
  }
}
