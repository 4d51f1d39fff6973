/** The process on this machine that leads to the remote end: ssh, or escp itself for a local copy. */

import { startChild, stopChild } from "../../native/process/child.ts";
import { NoLogin } from "./start_errors.ts";

/** A program with its arguments. */
export interface PeerCommand {
  program: string;
  args: string[];
  /** How messages name the other side: "host", "user@host" or "this machine". */
  name: string;
  /** Whether it is the other end itself, not ssh. Default: false. */
  isEnd?: boolean;
}

/** A running peer: its standard input and output are the control channel, its standard error is the user's. */
export class PeerProcess {
  readonly name: string;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly stdout: ReadableStreamDefaultReader<Uint8Array>;
  /** Resolves when it has ended; never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #isEnd: boolean;
  #ended = false;

  /** @throws {NoLogin} when the program cannot be started. */
  constructor(command: PeerCommand) {
    this.name = command.name;
    this.#isEnd = command.isEnd ?? false;
    try {
      this.#child = startChild(command.program, {
        args: command.args,
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      });
    } catch (cause) {
      const state = cause instanceof Deno.errors.NotFound ? "it is not installed" : String((cause as Error).message);
      throw new NoLogin(`Cannot start ${command.program}: ${state}`, {
        cause,
        hint: cause instanceof Deno.errors.NotFound ? "Install an ssh client, or name one with -S" : undefined,
      });
    }
    this.stdin = this.#child.stdin.getWriter();
    this.stdout = this.#child.stdout.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.status = this.#child.status.finally(() => this.#ended = true);
  }

  /** Ends it now. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    if (!this.#ended) stopChild(this.#child, signal);
  }

  /** Stops waiting: kills ssh, which may hang. The other end itself cleans up and exits after its control channel. */
  abandon(): void {
    if (!this.#isEnd) this.kill("SIGKILL");
  }

  /** Waits until it ends; after `patienceMs` it is killed. */
  async end(patienceMs: number): Promise<Deno.CommandStatus> {
    const gentle = setTimeout(() => this.kill("SIGTERM"), patienceMs);
    const hard = setTimeout(() => this.kill("SIGKILL"), patienceMs + 2_000);
    try {
      return await this.status;
    } finally {
      clearTimeout(gentle);
      clearTimeout(hard);
    }
  }
}
