/** Finds the descriptor of a connection that Deno opened, so that another thread can use it. Linux. */

import { openDescriptors } from "../process/descriptors.ts";
import {
  F_DUPFD_CLOEXEC,
  intOption,
  IPPROTO_TCP,
  openSocketCalls,
  setOption,
  SO_ACCEPTCONN,
  socketError,
  SOL_SOCKET,
  TCP_NODELAY,
} from "./socket_calls.ts";

/** Descriptors of the standard streams are below this. */
const FIRST_OTHER = 3;
/** Number of descriptors to try without /proc. */
const MAX_GUESSED = 4096;

/**
 * Returns the descriptor of a connection; undefined if it cannot be identified. Enables TCP_NODELAY.
 *
 * Deno does not expose descriptors. This changes an option of the connection through Deno, and finds the descriptor whose
 * option changes too. No read or write of the connection may be in progress.
 *
 * @throws {Error} On other systems than Linux, or if the connection is closed.
 */
export function descriptorOf(conn: Deno.TcpConn): number | undefined {
  openSocketCalls();
  let candidates = candidateDescriptors();
  // Two changes in each direction, because another thread may change the option of its own connection.
  for (const noDelay of [false, true, false, true]) {
    conn.setNoDelay(noDelay);
    candidates = candidates.filter((fd) => {
      const value = intOption(fd, IPPROTO_TCP, TCP_NODELAY);
      return value !== undefined && (value !== 0) === noDelay;
    });
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}

/**
 * Duplicates the descriptor of a connection. Descriptors belong to the whole process, so a Worker can use the number. A
 * program that is started does not inherit the duplicate.
 *
 * Deno's connection must stay open until the Worker is done, because its `close()` shuts down sending for all descriptors
 * (shutdown(2)). That is also how a hanging Worker can be made to end.
 *
 * @throws {Error} The class in Deno.errors if one exists, such as BadResource if `fd` is not open.
 */
export function duplicate(fd: number): number {
  const { calls, errno } = openSocketCalls();
  // The new number is at least 3, so that a closed standard stream is never mistaken for a connection.
  const copy = calls.fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OTHER);
  if (copy < 0) throw socketError("duplicate a descriptor", errno());
  return copy;
}

/**
 * Lets connections send small writes at once that this process accepts from now on: they inherit TCP_NODELAY from the listening
 * socket. Deno cannot set it for TLS. Does nothing where that is impossible, such as on other systems than Linux.
 */
export function acceptWithoutDelay(): void {
  try {
    openSocketCalls();
  } catch {
    return;
  }
  for (const fd of candidateDescriptors()) {
    if (intOption(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 1) continue;
    try {
      setOption(fd, IPPROTO_TCP, TCP_NODELAY, Int32Array.of(1));
    } catch {
      // Not a TCP socket.
    }
  }
}

function candidateDescriptors(): number[] {
  try {
    return openDescriptors().filter((fd) => fd >= FIRST_OTHER);
  } catch {
    // /proc is not mounted.
    return Array.from({ length: MAX_GUESSED }, (_, fd) => fd).slice(FIRST_OTHER);
  }
}
