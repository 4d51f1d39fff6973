/** Forwards bytes inside the kernel (splice(2)). Linux. */

import { Errno } from "../libc/errno.ts";
import { enlargePipe, openPipeCalls, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from "./pipe_calls.ts";
import { Readiness } from "./readiness.ts";
import { openSocketCalls, POLLIN, POLLOUT, socketError } from "./socket_calls.ts";

/** Maximum bytes of one call. */
const MAX_BYTES = 1 << 20;

/**
 * Forwards bytes until the end of the input. The caller keeps both descriptors open until then, and closes them.
 *
 * @param from and `to`: a pipe and a socket in non-blocking mode, in either order.
 * @returns false if neither is a pipe; then no data was moved.
 * @throws {Error} if either end fails; on other systems than Linux.
 */
export async function splice(from: number, to: number): Promise<boolean> {
  const { errno } = openSocketCalls();
  const calls = openPipeCalls();
  if ((enlargePipe(from) ?? enlargePipe(to)) === undefined) return false;
  const readable = new Readiness(openSocketCalls(), from, POLLIN);
  const writable = new Readiness(openSocketCalls(), to, POLLOUT);
  for (let waited = false;;) {
    const count = Number(
      calls.splice(from, null, to, null, BigInt(MAX_BYTES), SPLICE_F_MOVE | SPLICE_F_NONBLOCK),
    );
    if (count === 0) return true;
    if (count > 0) {
      waited = false;
      continue;
    }
    const code = errno();
    if (code === Errno.EINTR) continue;
    if (code !== Errno.EAGAIN) throw socketError("forward a stream", code);
    // EAGAIN does not distinguish empty input from full output, so wait for them alternately.
    await (waited ? writable : readable).wait(Infinity);
    waited = !waited;
  }
}
