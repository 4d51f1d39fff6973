/** A remote end of `--serve` that is started in advance, so that a client does not wait for its start. */

import { startChild, stopChild } from "../../native/process/child.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { selfCommand } from "../program.ts";
import { formatGrant, type RemoteGrant } from "./remote_grant.ts";

/** Time after which the next one is started while a session runs, in milliseconds. A small copy has ended by then. */
const NEXT_MS = 1_000;

/** Settings of a server for its remote ends. */
export interface SpareRemoteOptions {
  readonly engine: EngineChoice;
  /** Whether the server has more than one session. */
  readonly isRepeated: boolean;
}

/**
 * Starts remote ends. At most one waits for its session. It has no root, no port and no client: it receives its arguments
 * after the login, and exits when its standard input ends.
 */
export class SpareRemote implements Disposable {
  /** Command of this executable at the start. Later, another file may have its path, and the system reports a deleted one. */
  readonly #command: ReturnType<typeof selfCommand>;
  readonly #isRepeated: boolean;
  #waiting: Deno.ChildProcess | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  /** Starts the first one. */
  constructor({ engine, isRepeated }: SpareRemoteOptions) {
    this.#command = selfCommand(["--receiver", "--await-grant", `--engine=${engine}`]);
    this.#isRepeated = isRepeated;
    this.#prepare();
  }

  /** Starts a session with the process that waits, or else with a new one. @throws {Error} if it cannot be started. */
  start(grant: RemoteGrant): Deno.ChildProcess {
    const child = this.#waiting ?? startSpare(this.#command);
    this.#waiting = undefined;
    const input = child.stdin.getWriter();
    // If the process has exited, the session finds that out.
    input.write(formatGrant(grant)).catch(() => {});
    input.releaseLock();
    if (this.#isRepeated) {
      this.#timer ??= setTimeout(() => this.#prepare(), NEXT_MS);
      child.status.then(() => this.#prepare());
    }
    return child;
  }

  /** Ends the process that waits, and starts no further one in advance. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    if (this.#waiting) stopChild(this.#waiting, "SIGKILL");
    this.#waiting = undefined;
  }

  #prepare(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isDisposed || this.#waiting) return;
    try {
      const child = startSpare(this.#command);
      this.#waiting = child;
      child.status.then(() => {
        if (this.#waiting === child) this.#waiting = undefined;
      });
    } catch {
      // Such as no memory: the next session starts a process of its own.
    }
  }
}

function startSpare({ program, args }: ReturnType<typeof selfCommand>): Deno.ChildProcess {
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  // A signal to all processes must not end a session. The process ignores these signals later.
  return startChild(program, { args, ...pipes }, ["SIGTERM", "SIGINT", "SIGHUP"]);
}
