import { startUnblocked } from "./signal_mask.ts";
import { ignoreAgain } from "./signals.ts";

/**
 * Starts a program. It ignores the signals that this process ignores on purpose, and receives all others, even if this
 * thread blocks them.
 *
 * @throws as `Deno.Command.spawn`.
 */
export function startChild(program: string, options: Deno.CommandOptions): Deno.ChildProcess {
  ignoreAgain();
  return startUnblocked(() => new Deno.Command(program, options).spawn());
}
