/** What a receiving stream says: results of what came, and that it is still there. */

import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { type Result, resultBytesLimit, writeResult } from "../../protocol/data/results.ts";
import type { Failure } from "../../protocol/failure.ts";
import { FRAME_START, frameBuffer, type FrameWriter, viewOf } from "./frames.ts";

/** Writes one frame at a time, from one buffer: keep-alives come from a timer, in between. */
export class ResultSender {
  readonly #writer: FrameWriter;
  #room = 4096;
  #buffer = frameBuffer(this.#room);
  #writing = false;
  /** A keep-alive that is being written. */
  #quiet: Promise<void> | undefined;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** `outcomes`: how many are in the result, 0 for one that has no list of them. */
  async send(result: Result, outcomes: number): Promise<void> {
    const failed = "outcomes" in result ? result.outcomes.filter(isFailure).length : result.type === "range" ? 1 : 0;
    const needed = resultBytesLimit(outcomes, failed);
    if (needed > this.#room) {
      this.#buffer = frameBuffer(needed);
      this.#room = needed;
    }
    const start = FRAME_START + FRAME_HEADER_BYTES;
    await this.#quiet;
    const end = writeResult(viewOf(this.#buffer), start, result);
    await this.#write(FrameKind.result, end - start);
  }

  /** The last frame. */
  async end(): Promise<void> {
    await this.#write(FrameKind.end, 0);
  }

  /** Says that this end is there, unless it is saying something anyway. */
  keepAlive(): void {
    if (this.#writing) return;
    // A failure is found by whoever reads or writes next.
    this.#quiet = this.#write(FrameKind.keepAlive, 0).catch(() => {}).then(() => this.#quiet = undefined);
  }

  async #write(kind: number, payloadBytes: number): Promise<void> {
    await this.#quiet;
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
