/** Reads and writes a connected socket by its descriptor, in the calling thread. Linux. */

import { Errno } from "../libc/errno.ts";
import { Readiness } from "./readiness.ts";
import {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  openSocketCalls,
  POLLIN,
  POLLOUT,
  setOption,
  SHUT_RDWR,
  SO_RCVLOWAT,
  type SocketCalls,
  socketError,
  SOL_SOCKET,
} from "./socket_calls.ts";
import { checkRange, type Transport, type TransportOptions } from "../../net/transport.ts";

/** A read that expects fewer bytes than this wakes at the first byte. */
const MIN_LOW_WATER = 64 << 10;
const MAX_LOW_WATER = 512 << 10;
/** Maximum time of one poll(2). */
const MAX_WAIT_MS = 1_000;

/**
 * A socket that belongs to this thread. Calls that can complete at once do not wait. Otherwise poll(2) waits on a thread of
 * the runtime's pool, which costs about 25 us.
 *
 * Errors have the classes that Deno uses: ConnectionReset, BrokenPipe, TimedOut, and BadResource after `close()`.
 */
export class RawSocket implements Transport {
  readonly #system: SocketCalls;
  readonly #fd: number;
  readonly #idleTimeoutMs: number | undefined;
  readonly #readable: Readiness;
  readonly #writable: Readiness;
  #closed = false;
  /** Number of successful reads. */
  #reads = 0;
  /** Number of bytes that wake a waiting read (SO_RCVLOWAT). */
  #lowWater = 1;

  /**
   * @param fd Connected stream socket. This object owns and closes it.
   * @throws {Error} On other systems than Linux, or if FFI is not permitted.
   */
  constructor(fd: number, options: TransportOptions = {}) {
    this.#system = openSocketCalls();
    this.#fd = fd;
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#readable = new Readiness(this.#system, fd, POLLIN);
    this.#writable = new Readiness(this.#system, fd, POLLOUT);
  }

  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, expected = 1): number | Promise<number> {
    this.#checkIdle(this.#readable, "read from a connection");
    const count = this.#receive(buffer, start, end);
    if (count !== undefined) return count;
    // A wake-up costs as much as receiving about 100 KiB, so wait for more than a few bytes.
    this.#setLowWater(expected < MIN_LOW_WATER ? 1 : Math.min(expected, MAX_LOW_WATER));
    return this.#retry(this.#readable, "read from a connection", () => this.#receive(buffer, start, end));
  }

  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | Promise<number> {
    this.#checkIdle(this.#writable, "write to a connection");
    const count = this.#send(buffer, start, end);
    return count ?? this.#retry(this.#writable, "write to a connection", () => this.#send(buffer, start, end));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Ends the connection even if another descriptor of it is open, and wakes the polls.
    this.#system.calls.shutdown(this.#fd, SHUT_RDWR);
    this.#release();
  }

  /**
   * Makes a waiting read wake only when this number of bytes has arrived, at the end, or on an error (SO_RCVLOWAT). The
   * kernel limits the number to half of the maximum receive buffer (tcp(7)).
   */
  #setLowWater(bytes: number): void {
    if (bytes !== this.#lowWater) setOption(this.#fd, SOL_SOCKET, SO_RCVLOWAT, new Int32Array([bytes]));
    this.#lowWater = bytes;
  }

  /** Closes the descriptor unless a poll uses it: its number may then belong to another file. */
  #release(): void {
    if (this.#readable.waiting || this.#writable.waiting) return;
    this.#system.calls.close(this.#fd);
  }

  /** Waits and repeats a call until it has a result. */
  async #retry(readiness: Readiness, operation: string, attempt: () => number | undefined): Promise<number> {
    const timeoutMs = this.#idleTimeoutMs ?? Infinity;
    let deadline = performance.now() + timeoutMs;
    let reads = this.#reads;
    readiness.waiting = true;
    try {
      for (;;) {
        // Short waits, because data below the low-water mark does not wake the poll but is progress.
        await readiness.wait(Math.min(MAX_WAIT_MS, deadline - performance.now()));
        if (this.#closed) throw new Deno.errors.Interrupted(`Cannot ${operation}: it was closed meanwhile`);
        const count = attempt();
        if (count !== undefined) return count;
        if (performance.now() < deadline) continue;
        // A write keeps waiting while the peer sends data.
        if (readiness === this.#writable && reads !== this.#reads) {
          reads = this.#reads;
          deadline = performance.now() + timeoutMs;
        } else {
          throw new Deno.errors.TimedOut(`Cannot ${operation}: no progress for ${this.#idleTimeoutMs} ms`);
        }
      }
    } finally {
      readiness.waiting = false;
      if (this.#closed) this.#release();
    }
  }

  /** Returns the result of recv(2), or undefined if no data has arrived. */
  #receive(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    checkRange(buffer, start, end);
    const { calls, errno } = this.#system;
    const bytes = buffer.subarray(start, end);
    for (;;) {
      const count = Number(calls.recv(this.#fd, bytes, BigInt(end - start), MSG_DONTWAIT));
      if (count >= 0) {
        this.#reads++;
        return count;
      }
      if (!mustRepeat(errno(), "read from a connection")) return undefined;
    }
  }

  /** Returns the result of send(2), or undefined if the send buffer is full. */
  #send(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | undefined {
    checkRange(buffer, start, end);
    const { calls, errno } = this.#system;
    const bytes = buffer.subarray(start, end);
    for (;;) {
      const count = Number(calls.send(this.#fd, bytes, BigInt(end - start), MSG_DONTWAIT | MSG_NOSIGNAL));
      if (count >= 0) return count;
      if (!mustRepeat(errno(), "write to a connection")) return undefined;
    }
  }

  #checkIdle(readiness: Readiness, operation: string): void {
    // After close, the number may belong to another file.
    if (this.#closed) throw new Deno.errors.BadResource("Cannot use a connection: it is closed");
    if (readiness.waiting) throw new Deno.errors.Busy(`Cannot ${operation}: the previous call is not finished`);
  }
}

/** Returns true to repeat a failed call at once, false to wait first. @throws any other error. */
function mustRepeat(errno: number, operation: string): boolean {
  if (errno === Errno.EINTR) return true;
  if (errno === Errno.EAGAIN) return false;
  throw socketError(operation, errno);
}
