/** Guards that end the process of a remote end after its session, even if it is blocked. */

import { guardHangup } from "../native/process/hangup_guard.ts";

/** Time to exit normally after the session has ended. In seconds. */
const LEAVE_SECONDS = 8;
const STDIN = 0;
const STDOUT = 1;

/**
 * Ends this process after standard input, its control channel, was closed.
 *
 * @returns the parent process if only its exit can be watched, not the end of the control channel.
 */
export function endWithInput(): { parent?: number } {
  return isGuarded(STDIN) ? {} : { parent: Deno.ppid };
}

/** Ends this process after the reader of standard output has closed it. Does nothing if unsupported. */
export function endWithOutput(): void {
  isGuarded(STDOUT);
}

function isGuarded(descriptor: number): boolean {
  try {
    guardHangup(descriptor, LEAVE_SECONDS);
    return true;
  } catch {
    // Not Linux with glibc, or FFI is not permitted.
    return false;
  }
}
