/** The process that connects to the remote end: ssh, or escp itself for a copy on this machine. */

import { messageOf } from "../../errors.ts";
import { startChild, stopChild } from "../../native/process/child.ts";
import { ErrorOutput } from "../../native/process/error_output.ts";
import { settleWithin } from "../../async/settle_within.ts";
import { writeStderr } from "../../log/write_all.ts";
import type { ServerRoute } from "../../serve/client/peer.ts";
import { NoLogin } from "./start_errors.ts";

/** Time between SIGTERM and SIGKILL, in milliseconds. */
const KILL_AFTER_MS = 2_000;

/** The parts of a child process that a session uses. */
export interface PeerChild extends Pick<Deno.ChildProcess, "stdin" | "stdout" | "stderr" | "status" | "kill"> {
  /** Route of data connections to the port of a server, after the login; undefined for a process. */
  readonly route?: ServerRoute;
  /** Resolves when the login has to wait for a server next, or has ended; undefined for a process. */
  turnOfServer?(): Promise<void>;
}

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
  /** Receives captured standard error. Default: that of this process. */
  onErrorOutput?: (bytes: Uint8Array) => void;
  /** Whether the remote host serves this session only, because of a one-time URL. Default: false. */
  isOneTime?: boolean;
  /** Connects to the remote end, or starts it in this process, instead of the program. */
  startHere?: () => PeerChild;
}

/** Message of V8 if it cannot reserve memory. */
const OUT_OF_MEMORY = /^# Fatal .*out of memory/m;

/** A running peer. Its standard input and output are the control channel; the user sees its standard error. */
export class PeerProcess {
  /** Name of the host in messages. */
  readonly name: string;
  /** The same; undefined if the process is the remote end itself, on this machine. */
  readonly host?: string;
  readonly stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly stdout: ReadableStreamDefaultReader<Uint8Array>;
  /** Resolves when the process has ended; never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: PeerChild;
  readonly #errors?: ErrorOutput;
  readonly #isOneTime: boolean;
  #ended = false;

  /** Starts the process. @throws {NoLogin} if the program cannot be started. */
  constructor(command: PeerCommand) {
    this.name = command.name;
    this.#isOneTime = command.isOneTime ?? false;
    this.host = command.isEnd ? undefined : command.name;
    try {
      this.#child = command.startHere?.() ?? startChild(command.program, {
        args: command.args,
        stdin: "piped",
        stdout: "piped",
        stderr: command.capturesErrors ? "piped" : "inherit",
      });
    } catch (cause) {
      const reason = cause instanceof Deno.errors.NotFound ? "it is not installed" : messageOf(cause);
      throw new NoLogin(`Cannot start ${command.program}: ${reason}`, {
        cause,
        host: this.host,
        hint: cause instanceof Deno.errors.NotFound ? installHint(Deno.build.os) : undefined,
      });
    }
    this.stdin = this.#child.stdin.getWriter();
    this.stdout = this.#child.stdout.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.status = this.#child.status.finally(() => this.#ended = true);
    if (command.capturesErrors) {
      this.#errors = new ErrorOutput(this.#child.stderr, {
        echo: command.onErrorOutput ?? writeStderr,
        pattern: OUT_OF_MEMORY,
      });
    }
  }

  /**
   * Returns the last line of standard error, and whether V8 could not reserve memory. The line is "" if nothing was printed, and
   * undefined if standard error was not captured.
   */
  async errors(): Promise<{ lastError?: string; outOfMemory: boolean }> {
    if (!this.#errors) return { outOfMemory: false };
    const [lastError = ""] = await this.#errors.lastLines(1);
    return { lastError, outOfMemory: this.#errors.matches };
  }

  /** Route of data connections to the port of a server, after its hello; undefined if the peer is a process. */
  get route(): ServerRoute | undefined {
    return this.#child.route;
  }

  /** Whether a one-time URL named the peer, and its server has accepted the login: it accepts no further one. */
  get isUsedUp(): boolean {
    return this.#isOneTime && this.route !== undefined;
  }

  /** Resolves when this thread has time to load code, because a login in this process waits for the server. */
  async timeToLoad(): Promise<void> {
    await this.#child.turnOfServer?.();
  }

  /** Sends a signal, unless the process has ended. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    if (!this.#ended) stopChild(this.#child, signal);
  }

  /** Kills ssh, which may hang. The remote end itself cleans up and exits when its control channel is closed. */
  abandon(): void {
    if (this.host !== undefined) this.kill("SIGKILL");
  }

  /** Waits until the process ends. Terminates it after `patienceMs`, and kills it if it ignores that. */
  async end(patienceMs: number): Promise<Deno.CommandStatus> {
    if (!await settleWithin(patienceMs, this.status)) this.kill("SIGTERM");
    if (!await settleWithin(KILL_AFTER_MS, this.status)) this.kill("SIGKILL");
    return await this.status;
  }
}

/** Returns advice for a missing ssh client. */
function installHint(os: typeof Deno.build.os): string {
  const client = os === "windows" ? "the OpenSSH client (Settings, System, Optional features)" : "an ssh client";
  return `Install ${client}, or choose one with -S`;
}
