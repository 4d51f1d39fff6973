/** A process whose standard input and output are a connection, such as `ssh -W`. */

import { StartError } from "../../errors.ts";
import type { ChildPipes } from "../net/pipes.ts";
import { startChild } from "./start_child.ts";
import { stopChild } from "./stop_child.ts";
import type { ByteConn } from "../../net/transport.ts";

/** How long a process may take to pass on what was written before its connection was closed. */
const LEAVE_MS = 2_000;
/** How long what a process has said may be on its way when it has ended. */
const SAID_MS = 200;
/** Bytes that one write takes at the most, so that a slow line is seen to move: what a pipe holds. */
const MOST_WRITE_BYTES = 64 << 10;
/** How much of what a process says of itself is kept. */
const MOST_SAID = 4_096;

/** See above. Reads and writes are those of `Deno.Conn`. */
export class ProcessConn implements ByteConn {
  /** Resolves when the process has ended; never rejects. */
  readonly ended: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #told: Promise<void>;
  /** In the native engine: the copies and wake-ups of the streams that Deno makes of pipes cost more than ssh itself. */
  readonly #pipes: ChildPipes | undefined;
  #early = new Uint8Array();
  #said = "";
  #closed = false;
  #gone = false;

  /**
   * @param options.env is added to the environment.
   * @param options.pipesOf finds the pipes, where the native engine may be used; without it Deno reads and writes.
   * @throws {StartError} when the program cannot be started.
   */
  constructor(
    program: string,
    args: string[],
    { env = {}, pipesOf }: { env?: Record<string, string>; pipesOf?: (pid: number) => ChildPipes | undefined } = {},
  ) {
    try {
      this.#child = startChild(program, { args, env, stdin: "piped", stdout: "piped", stderr: "piped" });
    } catch (cause) {
      throw new StartError(`Cannot start ${program}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    this.#pipes = pipesOf?.(this.#child.pid);
    this.#reader = this.#child.stdout.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.#writer = this.#child.stdin.getWriter();
    this.#told = this.#listen();
    this.ended = this.#child.status.then(() => {
      this.#gone = true;
    }, () => {});
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#pipes) return await this.#pipes.stdout.read(buffer);
    while (this.#early.length === 0) {
      const { value, done } = await this.#next();
      if (done) return null;
      this.#early = value as Uint8Array<ArrayBuffer>;
    }
    const count = Math.min(buffer.length, this.#early.length);
    buffer.set(this.#early.subarray(0, count));
    this.#early = this.#early.subarray(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#pipes) return await this.#pipes.stdin.write(bytes);
    const piece = bytes.subarray(0, MOST_WRITE_BYTES);
    await this.#writer.write(piece);
    return piece.length;
  }

  /** The process is told that nothing more comes, and ended when it stays. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pipes?.stdin.close();
    this.#pipes?.stdout.close();
    this.#writer.close().catch(() => {});
    this.#reader.cancel().catch(() => {});
    const gentle = setTimeout(() => this.#kill("SIGTERM"), LEAVE_MS);
    const hard = setTimeout(() => this.#kill("SIGKILL"), 2 * LEAVE_MS);
    this.ended.then(() => {
      clearTimeout(gentle);
      clearTimeout(hard);
    });
  }

  /** Ends it without waiting for what it has still to pass on. */
  kill(): void {
    this.#kill("SIGTERM");
    this.close();
  }

  /** What a process that has ended, or is being ended, said on its standard error: its last lines, as one. */
  async said(): Promise<string> {
    await this.ended;
    // A process that went on in the background may keep the pipe.
    let timer: ReturnType<typeof setTimeout>;
    const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, SAID_MS));
    await Promise.race([this.#told, patience]).finally(() => clearTimeout(timer));
    return this.#said.trim().split(/[\r\n]+/).slice(-2).join("; ");
  }

  #next(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (this.#closed) throw new Deno.errors.BadResource("Cannot read from a process: its connection is closed");
    return this.#reader.read();
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of this.#child.stderr) {
        this.#said = (this.#said + decoder.decode(bytes, { stream: true })).slice(-MOST_SAID);
      }
    } catch {
      // What it says is only for messages.
    }
  }

  #kill(signal: Deno.Signal): void {
    if (!this.#gone) stopChild(this.#child, signal);
  }
}
