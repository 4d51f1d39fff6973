/** The process on this machine that leads to the remote end: ssh, or escp itself for a local copy. */

import { stopChild } from "../native/stop_child.ts";
import { NoLogin } from "./no_login.ts";

/** A program with its arguments. */
export interface PeerCommand {
  program: string;
  args: string[];
  /** How messages name the other side: "host", "user@host" or "this machine". */
  name: string;
}

/** A running peer: its standard input and output are the control channel, its standard error is the user's. */
export class PeerProcess {
  readonly name: string;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly stdout: ReadableStreamDefaultReader<Uint8Array>;
  /** Resolves when it has ended; never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  #ended = false;

  /** @throws {NoLogin} when the program cannot be started. */
  constructor(command: PeerCommand) {
    this.name = command.name;
    try {
      this.#child = new Deno.Command(command.program, {
        args: command.args,
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
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
