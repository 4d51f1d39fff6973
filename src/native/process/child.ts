/** Starts and stops child processes. */

import { startBlocking } from "./signal_mask.ts";
import { ignoreAgain, type KnownSignal } from "./signals.ts";

/**
 * Starts a program. The program ignores the signals that this process ignores on purpose, and receives all others, even if
 * this thread blocks them.
 *
 * @param blocked Signals that the program blocks from its start.
 * @throws as `Deno.Command.spawn`.
 */
export function startChild(
  program: string,
  options: Deno.CommandOptions,
  blocked: readonly KnownSignal[] = [],
): Deno.ChildProcess {
  ignoreAgain();
  return startBlocking(blocked, () => new Deno.Command(program, options).spawn());
}

/** Sends a signal to a child process, which may have exited already. */
export function stopChild(child: Pick<Deno.ChildProcess, "kill">, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // The process has exited. Its status shows whether its work is done.
  }
}
