/** Signs of life: how a stream that has to wait tells its peer that it is still there. */

import { FrameKind } from "../protocol/frame.ts";
import type { FrameSender } from "./frame_sender.ts";

/** How long a stream says nothing at the most. */
export const KEEP_ALIVE_MS = 15_000;

/** Awaits the work; meanwhile the peer hears now and then that this end is alive. */
export async function aliveWhile<Result>(work: Promise<Result>, out: FrameSender): Promise<Result> {
  const quiet = Symbol();
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<typeof quiet>((resolve) => timer = setTimeout(() => resolve(quiet), KEEP_ALIVE_MS));
    try {
      const result = await Promise.race([work, pause]);
      if (result !== quiet) return result as Result;
    } finally {
      clearTimeout(timer);
    }
    await out.send(FrameKind.keepAlive, 0);
  }
}
