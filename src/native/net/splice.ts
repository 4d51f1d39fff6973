/** Passing bytes on inside the kernel (splice(2)). Linux. */

import { Errno } from "../libc/errno.ts";
import { enlargePipe, openPipeCalls, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from "./pipe_calls.ts";
import { Readiness } from "./readiness.ts";
import { openSocketCalls, POLLIN, POLLOUT, socketError } from "./socket_calls.ts";

const MOST_BYTES = 1 << 20;

/**
 * Passes bytes on until they end. Both descriptors stay open, and must, until it has ended.
 *
 * @param from and `to`: a pipe and a socket that never blocks, either way round.
 * @returns false, and nothing was moved, when neither of them is a pipe.
 * @throws {Error} what broke one of the two; on other systems than Linux.
 */
export async function splice(from: number, to: number): Promise<boolean> {
  const { errno } = openSocketCalls();
  const calls = openPipeCalls();
  if ((enlargePipe(from) ?? enlargePipe(to)) === undefined) return false;
  const readable = new Readiness(openSocketCalls(), from, POLLIN);
  const writable = new Readiness(openSocketCalls(), to, POLLOUT);
  for (let waited = false;;) {
    const count = Number(
      calls.splice(from, null, to, null, BigInt(MOST_BYTES), SPLICE_F_MOVE | SPLICE_F_NONBLOCK),
    );
    if (count === 0) return true;
    if (count > 0) {
      waited = false;
      continue;
    }
    const code = errno();
    if (code === Errno.EINTR) continue;
    if (code !== Errno.EAGAIN) throw socketError("pass on a stream", code);
    // Which of the two it is the call does not say.
    await (waited ? writable : readable).wait(Infinity);
    waited = !waited;
  }
}
