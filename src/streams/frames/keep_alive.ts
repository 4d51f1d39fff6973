/** Signs of life: how a stream that has to wait tells its peer that it is still there. */

import { FrameKind } from "../../protocol/data/frame.ts";
import type { FrameSender } from "./frame_sender.ts";

/**
 * Awaits the work; meanwhile the peer hears now and then that this end is alive.
 *
 * @param quietMs how long this end says nothing at the most.
 */
export async function aliveWhile<Result>(work: Promise<Result>, out: FrameSender, quietMs: number): Promise<Result> {
  const quiet = Symbol();
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<typeof quiet>((resolve) => timer = setTimeout(() => resolve(quiet), quietMs));
    try {
      const result = await Promise.race([work, pause]);
      if (result !== quiet) return result as Result;
    } finally {
      clearTimeout(timer);
    }
    await out.send(FrameKind.keepAlive, 0);
  }
}
