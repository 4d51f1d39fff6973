/** Waiting for a descriptor without a thread of one's own. Linux. */

import type { SocketCalls } from "./socket_calls.ts";

/** Waits for one kind of event of one descriptor. */
export class Readiness {
  /** Set by the owner while it waits: the descriptor must not be closed then. */
  waiting = false;
  readonly #system: SocketCalls;
  /** A struct pollfd; a field, as the poll writes to it from another thread. */
  readonly #pollfd: Uint8Array<ArrayBuffer>;

  /** @param event POLLIN or POLLOUT. */
  constructor(system: SocketCalls, fd: number, event: number) {
    this.#system = system;
    // In a buffer of its own from the start: the garbage collector must not move it under a poll.
    const struct = new ArrayBuffer(8);
    new Int32Array(struct)[0] = fd;
    new Int16Array(struct)[2] = event;
    this.#pollfd = new Uint8Array(struct);
  }

  /** Until something may have happened, which is to be found out by trying, or the time is up. */
  async wait(maxMs: number): Promise<void> {
    const timeout = Number.isFinite(maxMs) ? Math.min(Math.max(Math.ceil(maxMs), 0), 0x7fffffff) : -1;
    // -1 (a signal came, most likely) is no different from a wake-up for nothing.
    await this.#system.calls.poll(this.#pollfd, 1n, timeout);
  }
}
