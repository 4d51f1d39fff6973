/** The line of the cursor on a terminal after Ctrl-C, which the terminal shows as "^C" without ending the line. */

import { writeStderr } from "../log/write_all.ts";
import { foregroundCheck } from "../native/process/foreground.ts";

const STDERR = 2;
/** Carriage return, and EL: erase to the end of the line. */
const ERASE_LINE = "\r\x1b[K";

/** Values of the state of `endLineOnce`. */
const BEGUN = 1;
const DONE = 2;
/** Maximum wait for the other thread. In milliseconds. */
const WAIT_MS = 600;

/**
 * Ends the line on the terminal of standard error, so that the prompt of the shell does not follow the progress line. A second
 * thread waits for the first one, because it may exit the process afterwards.
 *
 * @param state shared by the threads; initially 0.
 */
export function endLineOnce(state: Int32Array<SharedArrayBuffer>): void {
  if (Atomics.compareExchange(state, 0, 0, BEGUN) !== 0) {
    Atomics.wait(state, 0, BEGUN, WAIT_MS);
    return;
  }
  if (Deno.stderr.isTerminal()) writeStderr("\n");
  Atomics.store(state, 0, DONE);
  Atomics.notify(state, 0);
}

/** Erases "^C", so that a message begins the line. Has no effect on a line that is empty, or that this process cannot erase. */
export function eraseInterruptedLine(): void {
  const canErase = Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb" && foregroundCheck(STDERR)();
  if (canErase) writeStderr(ERASE_LINE);
}
