/** A connected socket by its descriptor, read and written by the calling thread itself. Linux. */

import { Errno } from "../libc/errno.ts";
import { Readiness } from "./readiness.ts";
import {
  intOption,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  openSocketCalls,
  POLLIN,
  POLLOUT,
  setOption,
  SHUT_RDWR,
  SHUT_WR,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_SNDBUF,
  type SocketCalls,
  socketError,
  SOL_SOCKET,
  TCP_NODELAY,
} from "./socket_calls.ts";
import { checkRange, type Transport, type TransportOptions } from "../../net/transport.ts";

export { descriptorOf, duplicate } from "./socket_descriptor.ts";

/** Below this a read is woken by any byte; above, by so many bytes at the most. */
const LEAST_MARK = 64 << 10;
const MOST_MARK = 512 << 10;
const MOST_WAIT_MS = 1_000;

/**
 * A socket of this thread's own. What can be done at once is done without waiting; for the rest the system is asked to
 * say when (poll(2) on a thread of the runtime's pool, some 25 us).
 *
 * Errors are of the classes that Deno uses: ConnectionReset, BrokenPipe, TimedOut, BadResource after `close()`.
 */
export class RawSocket implements Transport {
  readonly #system: SocketCalls;
  readonly #fd: number;
  readonly #idleTimeoutMs: number | undefined;
  readonly #readable: Readiness;
  readonly #writable: Readiness;
  #closed = false;
  /** Number of reads. */
  #heard = 0;
  /** Bytes for which a waiting read is woken (SO_RCVLOWAT). */
  #mark = 1;

  /**
   * @param fd a connected stream socket; from now on it belongs to this object, which closes it.
   * @throws {Error} on other systems than Linux, or when FFI is not permitted.
   */
  constructor(fd: number, options: TransportOptions = {}) {
    this.#system = openSocketCalls();
    this.#fd = fd;
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#readable = new Readiness(this.#system, fd, POLLIN);
    this.#writable = new Readiness(this.#system, fd, POLLOUT);
  }

  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, least = 1): number | Promise<number> {
    this.#checkFree(this.#readable, "read from a connection");
    const count = this.#receive(buffer, start, end);
    if (count !== undefined) return count;
    // Each wake-up costs as much as receiving some 100 KiB, so it should be worth it.
    const mark = least < LEAST_MARK ? 1 : Math.min(least, MOST_MARK);
    if (mark !== this.#mark) this.lowWater(mark);
    this.#mark = mark;
    return this.#later(this.#readable, "read from a connection", () => this.#receive(buffer, start, end));
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | Promise<number> {
    this.#checkFree(this.#writable, "write to a connection");
    const count = this.#send(buffer, start, end);
    return count ?? this.#later(this.#writable, "write to a connection", () => this.#send(buffer, start, end));
  }

  /** Sends small messages at once (TCP_NODELAY). */
  noDelay(): void {
    setOption(this.#openFd(), IPPROTO_TCP, TCP_NODELAY, new Int32Array([1]));
  }

  /**
   * Lets a read that has to wait do so until this many bytes are there (SO_RCVLOWAT), or the end, or an error: fewer
   * wake-ups. More than half of what the receive buffer may grow to counts as that half (tcp(7)).
   */
  lowWater(bytes: number): void {
    setOption(this.#openFd(), SOL_SOCKET, SO_RCVLOWAT, new Int32Array([bytes]));
  }

  /** The present sizes of the buffers in the kernel, in bytes; they grow by themselves. */
  buffers(): { receiveBytes: number; sendBytes: number } {
    const fd = this.#openFd();
    return {
      receiveBytes: intOption(fd, SOL_SOCKET, SO_RCVBUF) ?? 0,
      sendBytes: intOption(fd, SOL_SOCKET, SO_SNDBUF) ?? 0,
    };
  }

  /** Tells the peer that nothing more comes; reading goes on. */
  shutdownWrite(): void {
    const { calls, errno } = this.#system;
    if (calls.shutdown(this.#openFd(), SHUT_WR) !== 0) throw socketError("end a connection", errno());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Ends the connection whoever else has a descriptor of it, and wakes the polls.
    this.#system.calls.shutdown(this.#fd, SHUT_RDWR);
    this.#release();
  }

  /** Gives the number back to the system, as soon as no poll can mistake the next owner of it for this one. */
  #release(): void {
    if (this.#readable.waiting || this.#writable.waiting) return;
    this.#system.calls.close(this.#fd);
  }

  /** Waits and tries until there is a result. */
  async #later(readiness: Readiness, act: string, attempt: () => number | undefined): Promise<number> {
    const patienceMs = this.#idleTimeoutMs ?? Infinity;
    let deadline = performance.now() + patienceMs;
    let heard = this.#heard;
    readiness.waiting = true;
    try {
      for (;;) {
        // A mark that is reached slowly must not hide that something moves.
        await readiness.wait(Math.min(MOST_WAIT_MS, deadline - performance.now()));
        if (this.#closed) throw new Deno.errors.Interrupted(`Cannot ${act}: it was closed meanwhile`);
        const count = attempt();
        if (count !== undefined) return count;
        if (performance.now() < deadline) continue;
        // A write keeps waiting while the peer sends something.
        if (readiness === this.#writable && heard !== this.#heard) {
          heard = this.#heard;
          deadline = performance.now() + patienceMs;
        } else {
          throw new Deno.errors.TimedOut(`Cannot ${act}: nothing moved for ${this.#idleTimeoutMs} ms`);
        }
      }
    } finally {
      readiness.waiting = false;
      if (this.#closed) this.#release();
    }
  }

  /** What recv(2) got, undefined when there is nothing yet. */
  #receive(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    checkRange(buffer, start, end);
    const { calls, errno } = this.#system;
    const bytes = buffer.subarray(start, end);
    for (;;) {
      const count = Number(calls.recv(this.#fd, bytes, BigInt(end - start), MSG_DONTWAIT));
      if (count >= 0) {
        this.#heard++;
        return count;
      }
      if (!isTransient(errno(), "read from a connection")) return undefined;
    }
  }

  /** What send(2) took, undefined when there is no room. */
  #send(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    checkRange(buffer, start, end);
    const { calls, errno } = this.#system;
    const bytes = buffer.subarray(start, end);
    for (;;) {
      const count = Number(calls.send(this.#fd, bytes, BigInt(end - start), MSG_DONTWAIT | MSG_NOSIGNAL));
      if (count >= 0) return count;
      if (!isTransient(errno(), "write to a connection")) return undefined;
    }
  }

  #openFd(): number {
    // The number may belong to somebody else by now.
    if (this.#closed) throw new Deno.errors.BadResource("Cannot use a connection: it is closed");
    return this.#fd;
  }

  #checkFree(readiness: Readiness, act: string): void {
    this.#openFd();
    if (readiness.waiting) throw new Deno.errors.Busy(`Cannot ${act}: the one before is not done`);
  }
}

/** True to try again at once, false to wait first; throws any other error. */
function isTransient(errno: number, act: string): boolean {
  if (errno === Errno.EINTR) return true;
  if (errno === Errno.EAGAIN) return false;
  throw socketError(act, errno);
}
