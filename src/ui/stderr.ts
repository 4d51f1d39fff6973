const encoder = new TextEncoder();

/** How long a line that must be seen waits for a terminal that does not take it. */
const PATIENCE_MS = 500;
const PAUSE_MS = 5;

/**
 * Writes all of the text to stderr, at once. Never throws: when nobody reads stderr any more the copy goes on.
 * ssh can leave the terminal that it shares with us in non-blocking mode, in which a full one refuses writes: then this
 * waits a moment, and in the end gives up.
 */
export function writeStderr(text: string): void {
  const bytes = encoder.encode(text);
  let written = 0;
  for (let waitedMs = 0; written < bytes.length && waitedMs < PATIENCE_MS;) {
    try {
      written += Deno.stderr.writeSync(bytes.subarray(written));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      waitedMs += PAUSE_MS;
    }
  }
}
