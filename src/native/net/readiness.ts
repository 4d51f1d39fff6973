/** Waits for a descriptor on a thread of the runtime's pool. Linux. */

import { ForeignMemoryPool } from "../libc/foreign_memory_pool.ts";
import type { SocketCalls } from "./socket_calls.ts";

/** struct pollfd: int fd; short events, revents. */
const pollfds = new ForeignMemoryPool(8);

/** Waits for one kind of event on one descriptor. */
export class Readiness {
  /** Set by the owner while it waits. Then the descriptor must not be closed. */
  waiting = false;
  readonly #system: SocketCalls;
  readonly #fd: number;
  readonly #event: number;

  /** @param event POLLIN or POLLOUT. */
  constructor(system: SocketCalls, fd: number, event: number) {
    this.#system = system;
    this.#fd = fd;
    this.#event = event;
  }

  /** Waits until the event may have occurred or the time has passed. The caller finds out by trying. */
  async wait(maxMs: number): Promise<void> {
    const timeout = Number.isFinite(maxMs) ? Math.min(Math.max(Math.ceil(maxMs), 0), 0x7fffffff) : -1;
    // A failure of poll(2), most likely EINTR, counts as a spurious wake-up.
    await pollfds.use(({ pointer, memory }) => {
      new Int32Array(memory)[0] = this.#fd;
      new Int16Array(memory)[2] = this.#event;
      return this.#system.calls.poll(pointer, 1n, timeout);
    });
  }
}
