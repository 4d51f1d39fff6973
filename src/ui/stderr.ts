import { writeAll } from "../log/write_all.ts";

const encoder = new TextEncoder();

/** How long a line that must be seen waits for a terminal that does not take it. */
const PATIENCE_MS = 500;

/** Writes all of the text to stderr, at once. Never throws: when nobody reads stderr any more the copy goes on. */
export function writeStderr(text: string): void {
  try {
    writeAll(Deno.stderr, encoder.encode(text), PATIENCE_MS);
  } catch {
    // There is no other place to say it.
  }
}
