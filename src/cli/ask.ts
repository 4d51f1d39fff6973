/** A question to whoever sits at the terminal, also when standard input is a pipe: as ssh asks for a password. */

import { printable } from "../escape_text.ts";
import { writeStderr } from "../log/write_all.ts";

/**
 * Asks for one line.
 *
 * @returns undefined when there is no terminal to ask on; its end is an empty "n".
 * @throws the reason of `signal`.
 */
export async function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  const terminal = openTerminal();
  if (!terminal) return undefined;
  const aborted = Promise.withResolvers<never>();
  const stop = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    writeStderr(printable(question));
    return await Promise.race([readLine(terminal), aborted.promise]);
  } catch (error) {
    // What is said next begins a line of its own.
    writeStderr("\n");
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    // A read that is waiting holds the file: it ends with the process.
    if (!signal.aborted) terminal.close();
  }
}

function openTerminal(): Deno.FsFile | undefined {
  try {
    return Deno.openSync(Deno.build.os === "windows" ? "CONIN$" : "/dev/tty", { read: true });
  } catch {
    return undefined;
  }
}

/** A terminal gives a line at a time. */
async function readLine(terminal: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(1024);
  const count = await terminal.read(buffer);
  if (count === null) {
    writeStderr("\n");
    return "n";
  }
  return new TextDecoder().decode(buffer.subarray(0, count));
}
