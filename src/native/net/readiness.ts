/** Waiting for a descriptor without a thread of one's own. Linux. */

import { ForeignMemoryPool } from "../libc/foreign_memory_pool.ts";
import type { SocketCalls } from "./socket_calls.ts";

/** struct pollfd: int fd; short events, revents. */
const pollfds = new ForeignMemoryPool(8);

/** Waits for one kind of event of one descriptor. */
export class Readiness {
  /** Set by the owner while it waits: the descriptor must not be closed then. */
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

  /** Until something may have happened, which is to be found out by trying, or the time is up. */
  async wait(maxMs: number): Promise<void> {
    const timeout = Number.isFinite(maxMs) ? Math.min(Math.max(Math.ceil(maxMs), 0), 0x7fffffff) : -1;
    // -1 (a signal came, most likely) is no different from a wake-up for nothing.
    await pollfds.use(({ pointer, memory }) => {
      new Int32Array(memory)[0] = this.#fd;
      new Int16Array(memory)[2] = this.#event;
      return this.#system.calls.poll(pointer, 1n, timeout);
    });
  }
}
