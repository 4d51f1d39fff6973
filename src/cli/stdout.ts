/** What is printed on standard output. */

import { writeStandardOutput } from "../files/target/standard_output.ts";

/** Writes all of the text. @throws {FileError} where that cannot be, as when nobody reads it any more. */
export function writeStdout(text: string): void {
  writeStandardOutput(new TextEncoder().encode(text));
}

/** For what is written while something else goes on: that it cannot be written ends the run, and not what wrote it. */
export class Output {
  readonly #lost = new AbortController();
  /** Aborted with the reason, a `FileError`, as soon as something could not be written. */
  readonly lost: AbortSignal = this.#lost.signal;

  /** Writes all of the text, unless standard output is lost already. */
  readonly write = (text: string): void => {
    if (this.lost.aborted) return;
    try {
      writeStdout(text);
    } catch (error) {
      this.#lost.abort(error);
    }
  };
}
