/** Uses the standard input and output of a process as a connection, such as `ssh -W`. */

import { messageOf, StartError } from "../../errors.ts";
import type { ChildPipes } from "../net/pipes.ts";
import { startChild, stopChild } from "./child.ts";
import { ErrorOutput } from "./error_output.ts";
import type { ByteConn } from "../../net/transport.ts";

/** Time for a process to forward the written bytes after `close`, before SIGTERM; then the time before SIGKILL. */
const EXIT_MS = 2_000;
/** Maximum bytes of one write: the size of a pipe, so that progress is visible on a slow link. */
const MAX_WRITE_BYTES = 64 << 10;

/** Options of a process. */
export interface ProcessConnOptions {
  /** Variables added to the environment. */
  env?: Record<string, string>;
  /** Finds the pipes for the native engine. Default: Deno reads and writes. */
  pipesOf?: (pid: number) => ChildPipes | undefined;
}

/** A connection through a process. Reads and writes are those of `Deno.Conn`. */
export class ProcessConn implements ByteConn {
  /** Resolves when the process has exited. Never rejects. */
  readonly ended: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #errors: ErrorOutput;
  /** Pipes of the native engine, because Deno's streams for pipes cost more CPU time than ssh itself. */
  readonly #pipes: ChildPipes | undefined;
  /** Bytes that were read but not returned yet. */
  #rest = new Uint8Array();
  #closed = false;
  #exited = false;

  /** @throws {StartError} if the program cannot be started. */
  constructor(program: string, args: string[], { env = {}, pipesOf }: ProcessConnOptions = {}) {
    try {
      this.#child = startChild(program, { args, env, stdin: "piped", stdout: "piped", stderr: "piped" });
    } catch (cause) {
      throw new StartError(`Cannot start ${program}: ${messageOf(cause)}`, { cause });
    }
    this.#pipes = pipesOf?.(this.#child.pid);
    this.#reader = this.#child.stdout.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.#writer = this.#child.stdin.getWriter();
    this.#errors = new ErrorOutput(this.#child.stderr);
    this.ended = this.#child.status.then(() => {
      this.#exited = true;
    }, () => {});
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#pipes) return await this.#pipes.stdout.read(buffer);
    while (this.#rest.length === 0) {
      const { value, done } = await this.#readChunk();
      if (done) return null;
      this.#rest = value as Uint8Array<ArrayBuffer>;
    }
    const count = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#pipes) return await this.#pipes.stdin.write(bytes);
    const chunk = bytes.subarray(0, MAX_WRITE_BYTES);
    await this.#writer.write(chunk);
    return chunk.length;
  }

  /** Closes the pipes. Terminates the process if it does not exit. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pipes?.stdin.close();
    this.#pipes?.stdout.close();
    this.#writer.close().catch(() => {});
    this.#reader.cancel().catch(() => {});
    const terminate = setTimeout(() => this.#signal("SIGTERM"), EXIT_MS);
    const kill = setTimeout(() => this.#signal("SIGKILL"), 2 * EXIT_MS);
    this.ended.then(() => {
      clearTimeout(terminate);
      clearTimeout(kill);
    });
  }

  /** Terminates the process without waiting for bytes that it has not forwarded yet. */
  kill(): void {
    this.#signal("SIGTERM");
    this.close();
  }

  /** Waits for the process to exit. Returns the last two lines of its standard error as one. */
  async failureText(): Promise<string> {
    await this.ended;
    return (await this.#errors.lastLines(2)).join("; ");
  }

  #readChunk(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#closed) throw new Deno.errors.BadResource("Cannot read from a process: its connection is closed");
    return this.#reader.read();
  }

  #signal(signal: Deno.Signal): void {
    if (!this.#exited) stopChild(this.#child, signal);
  }
}
