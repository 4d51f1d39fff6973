/** Questions to the user at the terminal, even if standard input is a pipe, as ssh asks for a password. */

import { abortable } from "../async/abortable.ts";
import { printable } from "../escape_text.ts";
import { discardTypedInput } from "../native/process/terminal_input.ts";
import { writeStderr } from "../log/write_all.ts";
import type { SshOptions } from "../ssh/command.ts";

/** Returns whether ssh may ask for a password, and escp for a confirmation. */
export function canAsk({ batch }: Pick<SshOptions, "batch">): boolean {
  return !batch && Deno.stderr.isTerminal();
}

/**
 * Asks for a confirmation, until the answer is yes or no. The end of input means no. Discards input that was
 * typed before the question, because it was meant for another program.
 *
 * @param options.emptyIs answer that an empty line means. Default: yes.
 * @returns undefined if there is no terminal.
 * @throws the reason of `signal`.
 */
export async function confirm(
  question: string,
  signal: AbortSignal,
  { emptyIs = true }: { emptyIs?: boolean } = {},
): Promise<boolean | undefined> {
  signal.throwIfAborted();
  const terminal = openTerminal();
  if (!terminal) return undefined;
  try {
    discardTypedInput();
    for (;;) {
      writeStderr(printable(`${question} [${emptyIs ? "Y/n" : "y/N"}] `));
      const answer = (await abortable(readLine(terminal), signal)).trim();
      if (answer === "") return emptyIs;
      if (/^(y|yes)$/i.test(answer)) return true;
      if (/^(n|no)$/i.test(answer)) return false;
    }
  } catch (error) {
    // The next message starts on a line of its own.
    writeStderr("\n");
    throw error;
  } finally {
    // A pending read keeps the file open until the process exits.
    if (!signal.aborted) terminal.close();
  }
}

/** Opens the controlling terminal, even if standard input is a pipe. @returns undefined if there is none. */
export function openTerminal(): Deno.FsFile | undefined {
  try {
    return Deno.openSync(Deno.build.os === "windows" ? "CONIN$" : "/dev/tty", { read: true });
  } catch {
    return undefined;
  }
}

/** Reads a line. A single read is enough, because a terminal returns one line per read. */
async function readLine(terminal: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(1024);
  const count = await terminal.read(buffer);
  if (count === null) {
    writeStderr("\n");
    return "n";
  }
  return new TextDecoder().decode(buffer.subarray(0, count));
}
