/** Frames that a receiving stream sends: results and keep-alives. */

import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { type Result, resultBytesLimit, SIGNATURE_RESULT_BYTES, writeResult } from "../../protocol/data/results.ts";
import type { Failure } from "../../protocol/failure.ts";
import { FRAME_START, frameBuffer, type FrameWriter, viewOf } from "./frames.ts";

/** Writes one frame at a time from one buffer. A timer sends keep-alives in between. */
export class ResultSender {
  readonly #writer: FrameWriter;
  #room = 4096;
  #buffer = frameBuffer(this.#room);
  #writing = false;
  /** A keep-alive that is being written. */
  #keepAlive: Promise<void> | undefined;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** Sends a result. @param outcomes number of outcomes in it; 0 for a result without a list. */
  async send(result: Result, outcomes: number): Promise<void> {
    const digests = result.type === "signature" ? SIGNATURE_RESULT_BYTES + (result.digests?.length ?? 0) : 0;
    const failed = "outcomes" in result ? result.outcomes.filter(isFailure).length : result.type === "range" ? 1 : 0;
    const needed = Math.max(digests, resultBytesLimit(outcomes, failed));
    if (needed > this.#room) {
      this.#buffer = frameBuffer(needed);
      this.#room = needed;
    }
    const start = FRAME_START + FRAME_HEADER_BYTES;
    await this.#keepAlive;
    const end = writeResult(viewOf(this.#buffer), start, result);
    await this.#write(FrameKind.result, end - start);
  }

  /** Sends the last frame. */
  async end(): Promise<void> {
    await this.#write(FrameKind.end, 0);
  }

  /** Sends a keep-alive unless another frame is being written. */
  keepAlive(): void {
    if (this.#writing) return;
    // The next read or write reports a failure.
    this.#keepAlive = this.#write(FrameKind.keepAlive, 0).catch(() => {}).then(() => this.#keepAlive = undefined);
  }

  async #write(kind: number, payloadBytes: number): Promise<void> {
    await this.#keepAlive;
    this.#writing = true;
    try {
      await this.#writer.write(kind, this.#buffer, FRAME_START, payloadBytes);
    } finally {
      this.#writing = false;
    }
  }
}

function isFailure(outcome: number | Failure): boolean {
  return typeof outcome !== "number";
}
