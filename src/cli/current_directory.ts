/** The current directory of this process. */

import { UserError } from "../errors.ts";

/**
 * Checks that the runtime can name the current directory. It cannot start threads in a directory whose path is not UTF-8.
 *
 * @throws {UserError}
 */
export function checkCurrentDirectory(): void {
  try {
    Deno.cwd();
  } catch (cause) {
    // The runtime does not start in a directory that was removed.
    if (!(cause instanceof Deno.errors.InvalidData)) return;
    throw new UserError("Cannot start in the current directory: its path is not UTF-8", {
      hint: "Change to another directory (cd), and name its files by absolute paths",
      cause,
    });
  }
}
