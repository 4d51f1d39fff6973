/**
 * Sends frames from two buffers: one is written to the transport while the other is filled. The caller fills `bytes` from
 * FRAME_START + 12 on, and calls `send`, which replaces `bytes` by the other buffer.
 */

import type { FrameWriter } from "./frames.ts";
import { FRAME_START, frameBuffer, viewOf } from "./frames.ts";
import { FRAME_HEADER_BYTES } from "../../protocol/data/frame.ts";
import { ALIGNMENT, alignUp } from "../../protocol/data/alignment.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";

/** Frame buffers of one sending stream. */
export class FrameSender {
  /** The buffer to fill. */
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

  /** @param payloadLimit maximum bytes of a payload. */
  constructor(writer: FrameWriter, payloadLimit: number, yielder: EventLoopYielder) {
    this.#writer = writer;
    this.#yielder = yielder;
    // Rounded down to the alignment, so that a payload that ends here needs no padding beyond the limit.
    this.payloadEnd = alignUp(FRAME_START + FRAME_HEADER_BYTES + payloadLimit + 1) - ALIGNMENT;
    this.bytes = frameBuffer(payloadLimit);
    this.view = viewOf(this.bytes);
    const other = frameBuffer(payloadLimit);
    this.#other = { bytes: other, view: viewOf(other) };
  }

  /** Seals and sends the payload in `bytes`. Resolves when the other buffer is free. */
  async send(kind: number, payloadBytes: number): Promise<void> {
    const { bytes, view } = this;
    const sealing = this.#writer.seal(kind, bytes, FRAME_START, payloadBytes);
    if (sealing) await sealing;
    await this.flush();
    const sending = this.#writer.send(bytes, FRAME_START, payloadBytes);
    // Until the next call, a failure must not be an unhandled rejection.
    this.#sending = sending.catch((error) => {
      this.#failure = { error };
    });
    this.bytes = this.#other.bytes;
    this.view = this.#other.view;
    this.#other = { bytes, view };
    const yielding = this.#yielder.yieldIfDue();
    if (yielding) await yielding;
  }

  /** Resolves when all frames are written to the transport. @throws {unknown} The error of a failed write. */
  async flush(): Promise<void> {
    if (this.#sending) await this.#sending;
    if (this.#failure) throw this.#failure.error;
  }
}
