/** The pipes of a child process, read and written by the calling thread itself. Linux. */

import { Errno } from "../libc/errno.ts";
import { enlargePipe, neverBlock, openPipeCalls, type PipeCalls } from "./pipe_calls.ts";
import { Readiness } from "./readiness.ts";
import { openSocketCalls, POLLIN, POLLOUT, type SocketCalls, socketError } from "./socket_calls.ts";
import { duplicate } from "./socket_descriptor.ts";

/** A pipe cannot wake whoever waits for it when it is closed, so the waits are short. */
const MOST_WAIT_MS = 200;

/** This process's ends of the pipes at a child's standard input and output. */
export interface ChildPipes {
  stdin: PipeEnd;
  stdout: PipeEnd;
}

/**
 * Finds them by the names that the system has for them, right after the child was started. Deno keeps its own
 * descriptors: it must neither read nor write meanwhile, and has to close them, too.
 *
 * @returns undefined when they cannot be told, as the child has ended, or belongs to somebody else by now.
 * @throws {Error} on other systems than Linux, or when FFI is not permitted.
 */
export function pipesOf(pid: number): ChildPipes | undefined {
  openPipeCalls();
  const there = [0, 1].map((fd) => targetOf(`/proc/${pid}/fd/${fd}`));
  const own = new Map<string, number>();
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const target = targetOf(`/proc/self/fd/${name}`);
    if (target?.startsWith("pipe:")) own.set(target, Number(name));
  }
  const [stdin, stdout] = there.map((target) => target === undefined ? undefined : own.get(target));
  if (stdin === undefined || stdout === undefined) return undefined;
  return { stdin: new PipeEnd(duplicate(stdin), POLLOUT), stdout: new PipeEnd(duplicate(stdout), POLLIN) };
}

function targetOf(link: string): string | undefined {
  try {
    return Deno.readLinkSync(link);
  } catch {
    return undefined;
  }
}

/** One end of a pipe. One read, or write, at a time. */
export class PipeEnd {
  readonly #system: SocketCalls = openSocketCalls();
  readonly #calls: PipeCalls = openPipeCalls();
  readonly #fd: number;
  readonly #ready: Readiness;
  #closed = false;

  /**
   * @param fd belongs to this object from now on, which closes it.
   * @param event POLLIN for the end that is read from, POLLOUT for the other.
   */
  constructor(fd: number, event: number) {
    this.#fd = fd;
    this.#ready = new Readiness(this.#system, fd, event);
    enlargePipe(fd);
    neverBlock(fd);
  }

  /** As `Deno.Conn.read`. */
  async read(buffer: Uint8Array): Promise<number | null> {
    const act = "read from a process";
    const attempt = () => this.#calls.read(this.#fd, buffer as Uint8Array<ArrayBuffer>, BigInt(buffer.length));
    const count = this.#attempt(act, attempt) ?? await this.#later(act, attempt);
    return count === 0 ? null : count;
  }

  /** As `Deno.Conn.write`. */
  async write(bytes: Uint8Array): Promise<number> {
    const act = "write to a process";
    const attempt = () => this.#calls.write(this.#fd, bytes as Uint8Array<ArrayBuffer>, BigInt(bytes.length));
    return this.#attempt(act, attempt) ?? await this.#later(act, attempt);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The number must not be somebody else's while it is waited for.
    if (!this.#ready.waiting) this.#system.calls.close(this.#fd);
  }

  /** What a call came to, undefined when it has to wait. */
  #attempt(act: string, call: () => bigint): number | undefined {
    for (;;) {
      if (this.#closed) throw new Deno.errors.BadResource(`Cannot ${act}: its connection is closed`);
      const count = Number(call());
      if (count >= 0) return count;
      const errno = this.#system.errno();
      if (errno === Errno.EAGAIN) return undefined;
      if (errno !== Errno.EINTR) throw socketError(act, errno);
    }
  }

  async #later(act: string, call: () => bigint): Promise<number> {
    this.#ready.waiting = true;
    try {
      for (;;) {
        await this.#ready.wait(MOST_WAIT_MS);
        const count = this.#attempt(act, call);
        if (count !== undefined) return count;
      }
    } finally {
      this.#ready.waiting = false;
      if (this.#closed) this.#system.calls.close(this.#fd);
    }
  }
}
