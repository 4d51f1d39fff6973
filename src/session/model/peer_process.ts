/** The process that connects to the remote end: ssh, or escp itself for a copy on this machine. */

import { startChild, stopChild } from "../../native/process/child.ts";
import { settleWithin } from "../../async/settle_within.ts";
import { writeAll } from "../../log/write_all.ts";
import { NoLogin } from "./start_errors.ts";

/** Time between SIGTERM and SIGKILL, in milliseconds. */
const KILL_AFTER_MS = 2_000;

/** A program with its arguments. */
export interface PeerCommand {
  program: string;
  args: string[];
  /** Name of the host in messages: "host", "user@host" or "this machine". */
  name: string;
  /** Whether the process is the remote end itself, not ssh. Default: false. */
  isEnd?: boolean;
  /** Whether to read its standard error and pass it on, for the reason of a failure. Not while it may ask the user. */
  capturesErrors?: boolean;
}

/** Maximum time for standard error to arrive after the process has ended, because its own children may keep it open. */
const STDERR_MS = 200;

/** A running peer. Its standard input and output are the control channel; the user sees its standard error. */
export class PeerProcess {
  /** Name of the host in messages. */
  readonly name: string;
  /** The same; undefined if the remote end is on this machine. */
  readonly host?: string;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly stdout: ReadableStreamDefaultReader<Uint8Array>;
  /** Resolves when the process has ended; never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #isEnd: boolean;
  readonly #errors?: LastLine;
  #ended = false;

  /** Starts the process. @throws {NoLogin} if the program cannot be started. */
  constructor(command: PeerCommand) {
    this.name = command.name;
    this.#isEnd = command.isEnd ?? false;
    this.host = this.#isEnd ? undefined : command.name;
    try {
      this.#child = startChild(command.program, {
        args: command.args,
        stdin: "piped",
        stdout: "piped",
        stderr: command.capturesErrors ? "piped" : "inherit",
      });
    } catch (cause) {
      const state = cause instanceof Deno.errors.NotFound ? "it is not installed" : String((cause as Error).message);
      throw new NoLogin(`Cannot start ${command.program}: ${state}`, {
        cause,
        host: this.host,
        hint: cause instanceof Deno.errors.NotFound ? "Install an ssh client, or choose one with -S" : undefined,
      });
    }
    this.stdin = this.#child.stdin.getWriter();
    this.stdout = this.#child.stdout.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.status = this.#child.status.finally(() => this.#ended = true);
    if (command.capturesErrors) this.#errors = new LastLine(this.#child.stderr);
  }

  /**
   * Returns what is known of its standard error: the last line, which is "" if there was none and undefined if that is not
   * known, and whether V8 could not reserve memory.
   */
  async errors(): Promise<{ lastError?: string; outOfMemory: boolean }> {
    if (!this.#errors) return { outOfMemory: false };
    await settleWithin(STDERR_MS, this.#errors.ended);
    return { lastError: this.#errors.text, outOfMemory: this.#errors.outOfMemory };
  }

  /** Sends a signal, unless the process has ended. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    if (!this.#ended) stopChild(this.#child, signal);
  }

  /** Kills ssh, which may hang. The remote end itself cleans up and exits when its control channel is closed. */
  abandon(): void {
    if (!this.#isEnd) this.kill("SIGKILL");
  }

  /** Waits until the process ends. Terminates it after `patienceMs`, and kills it if it ignores that. */
  async end(patienceMs: number): Promise<Deno.CommandStatus> {
    if (!await settleWithin(patienceMs, this.status)) this.kill("SIGTERM");
    if (!await settleWithin(KILL_AFTER_MS, this.status)) this.kill("SIGKILL");
    return await this.status;
  }
}

/** Maximum length of a line that is kept. */
const MAX_LINE = 1_000;
/** Maximum wait for a blocked terminal. In milliseconds. */
const WRITE_MS = 500;

/** Passes a stream on to standard error, and keeps its last line that is not empty. */
class LastLine {
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  readonly #decoder = new TextDecoder();
  #line = "";
  #last = "";
  outOfMemory = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream).catch(() => {});
  }

  /** The line. Must be escaped for a terminal. */
  get text(): string {
    return this.#line.trim() || this.#last;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of stream) {
      try {
        writeAll(Deno.stderr, bytes, WRITE_MS);
      } catch {
        // Nobody reads it.
      }
      const lines: string[] = (this.#line + this.#decoder.decode(bytes, { stream: true })).split("\n");
      this.outOfMemory ||= lines.some((line) => /^# Fatal .*out of memory/.test(line));
      this.#line = lines.pop()!.slice(-MAX_LINE);
      this.#last = lines.findLast((line) => line.trim() !== "")?.trim().slice(0, MAX_LINE) ?? this.#last;
    }
  }
}
