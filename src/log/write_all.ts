/** Writing to standard output and standard error, which ssh may have left in non-blocking mode. */

/** Pause between attempts to write to a full pipe or terminal. In milliseconds. */
const PAUSE_MS = 1;

/**
 * Writes all bytes. ssh sets descriptors that it shares with escp, such as the pipe of `2>&1 | less`, to non-blocking mode.
 * A full pipe then refuses writes. This function waits instead, like a blocking write.
 *
 * @param patienceMs maximum total wait. In milliseconds.
 * @throws the error of the system; `Deno.errors.WouldBlock` after the maximum wait.
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

/** Writes to standard error synchronously. Errors are ignored: a copy continues if standard error is closed. */
export function writeStderr(text: string | Uint8Array): void {
  try {
    writeAll(Deno.stderr, typeof text === "string" ? new TextEncoder().encode(text) : text, STDERR_WAIT_MS);
  } catch {
    // There is no other place to report this.
  }
}
