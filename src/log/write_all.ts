/** Writing to standard output and standard error, which ssh may have left in non-blocking mode. */

/** Of the waiting where a pipe or terminal is full. */
const PAUSE_MS = 1;

/**
 * Writes all of the bytes. ssh puts what it shares with us, such as the pipe of `2>&1 | less`, in non-blocking mode, where
 * one that is full refuses writes: then this waits, as a blocking write would.
 *
 * @param patienceMs Longest wait in all.
 * @throws what the system says; `Deno.errors.WouldBlock` when it has waited for so long.
 */
export function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
  patienceMs = Infinity,
): void {
  let waitedMs = 0;
  for (let at = 0; at < bytes.length;) {
    try {
      at += stream.writeSync(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || waitedMs >= patienceMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      waitedMs += PAUSE_MS;
    }
  }
}

/** Maximum wait for a blocked terminal, so that an important line is not lost. */
const STDERR_WAIT_MS = 500;

/** Writes text to stderr synchronously. Errors are ignored: a copy continues when nobody reads stderr. */
export function writeStderr(text: string): void {
  try {
    writeAll(Deno.stderr, new TextEncoder().encode(text), STDERR_WAIT_MS);
  } catch {
    // There is no other place to report this.
  }
}
