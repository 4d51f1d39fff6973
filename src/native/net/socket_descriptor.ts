/** From a connection of Deno's to the descriptor beneath it, so that another thread can go on with it. Linux. */

import { F_DUPFD_CLOEXEC, intOption, IPPROTO_TCP, openSocketCalls, socketError, TCP_NODELAY } from "./socket_calls.ts";

/**
 * The descriptor of a connection, undefined when it cannot be told. Leaves TCP_NODELAY switched on.
 *
 * Deno does not tell, so an option of the connection is changed through Deno, and the descriptor is the one whose option
 * follows. No read or write of the connection may be under way.
 *
 * @throws {Error} on other systems than Linux, or when the connection is closed.
 */
export function descriptorOf(conn: Deno.TcpConn): number | undefined {
  openSocketCalls();
  let candidates = openDescriptors();
  // Twice each way: another thread may be doing the same with a connection of its own.
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
 * A second descriptor of the same connection. Descriptors belong to the whole process: a Worker can be handed the
 * number. Closed when another program is started.
 *
 * Deno's own connection must stay open until the Worker is done, as its `close()` shuts the sending half of the
 * connection down for everyone (shutdown(2)); which is also how a Worker that hangs can be made to end.
 *
 * @throws {Error} one of Deno.errors where there is one, such as BadResource when `fd` is not open.
 */
export function duplicate(fd: number): number {
  const { calls, errno } = openSocketCalls();
  // From 3 on, so that a closed standard stream is never taken for a connection.
  const copy = calls.fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw socketError("duplicate a descriptor", errno());
  return copy;
}

function openDescriptors(): number[] {
  try {
    return Array.from(Deno.readDirSync("/proc/self/fd"), (entry) => Number(entry.name)).filter((fd) => fd > 2);
  } catch {
    // A system without /proc: try what a process of this kind may have open.
    return Array.from({ length: 4096 }, (_, fd) => fd).slice(3);
  }
}
