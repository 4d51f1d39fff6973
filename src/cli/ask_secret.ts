/** Asks for a secret at the terminal, which does not show what is typed. */

import { abortable } from "../async/abortable.ts";
import { Interrupted } from "../errors.ts";
import { printable } from "../escape_text.ts";
import { writeStderr } from "../log/write_all.ts";
import { discardTypedInput } from "../native/process/terminal_input.ts";
import { openTerminal } from "./ask.ts";

/**
 * Asks for one line.
 *
 * @returns undefined if there is no terminal that can hide it, or at the end of input.
 * @throws {Interrupted} after Ctrl-C, and the reason of `signal`.
 */
export async function askSecret(question: string, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  const terminal = openTerminal();
  if (!terminal || !setRaw(terminal, true)) return undefined;
  try {
    discardTypedInput();
    writeStderr(printable(question));
    const line = new HiddenLine();
    const buffer = new Uint8Array(1024);
    for (;;) {
      const count = await abortable(terminal.read(buffer), signal);
      if (count === null) return undefined;
      const end = line.type(buffer.subarray(0, count));
      if (end) return end.line;
    }
  } finally {
    setRaw(terminal, false);
    writeStderr("\n");
    // A pending read keeps the file open until the process exits.
    if (!signal.aborted) terminal.close();
  }
}

/** Without raw mode the terminal would show the secret, and Ctrl-C would end this process before it restores the terminal. */
function setRaw(terminal: Deno.FsFile, isRaw: boolean): boolean {
  try {
    terminal.setRaw(isRaw);
    return true;
  } catch {
    return false;
  }
}

/** Maximum length of a line. Further characters are ignored. */
const MAX_LENGTH = 4_096;

/** The line that is typed at a terminal in raw mode. Pure. */
export class HiddenLine {
  readonly #decoder = new TextDecoder();
  #line = "";

  /**
   * Adds bytes of the terminal.
   *
   * @returns the line after Enter, or without one after Ctrl-D; undefined before.
   * @throws {Interrupted} after Ctrl-C.
   */
  type(bytes: Uint8Array): { line?: string } | undefined {
    for (const char of this.#decoder.decode(bytes, { stream: true })) {
      if (char === "\r" || char === "\n") return { line: this.#line };
      if (char === "\x03") throw new Interrupted();
      if (char === "\x04" && this.#line === "") return {};
      if (char === "\x7f" || char === "\b") this.#line = this.#line.slice(0, -1);
      // Ctrl-U
      else if (char === "\x15") this.#line = "";
      else if (char >= " " && this.#line.length < MAX_LENGTH) this.#line += char;
    }
  }
}
