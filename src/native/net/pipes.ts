/** Reads and writes the pipes of a child process in the calling thread. Linux. */

import { Errno } from "../libc/errno.ts";
import { descriptorsOfFiles, fileOfDescriptor } from "../process/descriptors.ts";
import { disableBlocking, enlargePipe, openPipeCalls, type PipeCalls } from "./pipe_calls.ts";
import { Readiness } from "./readiness.ts";
import { openSocketCalls, POLLIN, POLLOUT, type SocketCalls, socketError } from "./socket_calls.ts";
import { duplicate } from "./socket_descriptor.ts";

/** Maximum time of one poll(2), because closing a pipe does not wake its waiters. */
const MAX_WAIT_MS = 200;

/** This process's ends of the pipes at a child's standard input and output. */
export interface ChildPipes {
  stdin: PipeEnd;
  stdout: PipeEnd;
}

/**
 * Finds the pipes of a child by the names that /proc shows, directly after the start. Deno keeps its own descriptors: it
 * must not read or write them, and has to close them too.
 *
 * @returns undefined if the child has exited already or may not be inspected, for example because its user has changed.
 * @throws {Error} On other systems than Linux, or if FFI is not permitted.
 */
export function pipesOf(pid: number): ChildPipes | undefined {
  openPipeCalls();
  const files = [0, 1].map((childDescriptor) => fileOfDescriptor(childDescriptor, pid) ?? "");
  if (!files.every((file) => file.startsWith("pipe:"))) return undefined;
  const [stdin, stdout] = descriptorsOfFiles(files);
  if (stdin === undefined || stdout === undefined) return undefined;
  return { stdin: new PipeEnd(duplicate(stdin), POLLOUT), stdout: new PipeEnd(duplicate(stdout), POLLIN) };
}

/** One end of a pipe. Only one read or write at a time. */
export class PipeEnd {
  readonly #system: SocketCalls = openSocketCalls();
  readonly #calls: PipeCalls = openPipeCalls();
  readonly #fd: number;
  readonly #ready: Readiness;
  #closed = false;

  /**
   * @param fd This object owns and closes it.
   * @param event POLLIN for the reading end, POLLOUT for the writing end.
   */
  constructor(fd: number, event: number) {
    this.#fd = fd;
    this.#ready = new Readiness(this.#system, fd, event);
    enlargePipe(fd);
    disableBlocking(fd);
  }

  /** As `Deno.Conn.read`. */
  async read(buffer: Uint8Array): Promise<number | null> {
    const operation = "read from a process";
    const call = () => this.#calls.read(this.#fd, buffer as Uint8Array<ArrayBuffer>, BigInt(buffer.length));
    const count = this.#attempt(operation, call) ?? await this.#retry(operation, call);
    return count === 0 ? null : count;
  }

  /** As `Deno.Conn.write`. */
  async write(bytes: Uint8Array): Promise<number> {
    const operation = "write to a process";
    const call = () => this.#calls.write(this.#fd, bytes as Uint8Array<ArrayBuffer>, BigInt(bytes.length));
    return this.#attempt(operation, call) ?? await this.#retry(operation, call);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The number must not be reused during a poll. #retry closes it afterwards.
    if (!this.#ready.waiting) this.#system.calls.close(this.#fd);
  }

  /** Returns the result of a call; undefined if the call has to wait. */
  #attempt(operation: string, call: () => bigint): number | undefined {
    for (;;) {
      if (this.#closed) throw new Deno.errors.BadResource(`Cannot ${operation}: its connection is closed`);
      const count = Number(call());
      if (count >= 0) return count;
      const errno = this.#system.errno();
      if (errno === Errno.EAGAIN) return undefined;
      if (errno !== Errno.EINTR) throw socketError(operation, errno);
    }
  }

  async #retry(operation: string, call: () => bigint): Promise<number> {
    this.#ready.waiting = true;
    try {
      for (;;) {
        await this.#ready.wait(MAX_WAIT_MS);
        const count = this.#attempt(operation, call);
        if (count !== undefined) return count;
      }
    } finally {
      this.#ready.waiting = false;
      if (this.#closed) this.#system.calls.close(this.#fd);
    }
  }
}
