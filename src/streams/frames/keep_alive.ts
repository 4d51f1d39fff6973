/** Keep-alive frames of a stream that waits. */

import { FrameKind } from "../../protocol/data/frame.ts";
import { settleWithin } from "../../async/settle_within.ts";
import type { FrameSender } from "./frame_sender.ts";

/** Awaits the work, and sends a keep-alive after each `ms` without a frame. */
export async function aliveWhile<Result>(work: Promise<Result>, out: FrameSender, ms: number): Promise<Result> {
  const done = work.then((result) => ({ result }));
  for (;;) {
    const settled = await settleWithin(ms, done);
    if (settled) return settled.result;
    await out.send(FrameKind.keepAlive, 0);
  }
}
