/** Writing to standard output. */

import { writeStandardOutput } from "../files/target/standard_output.ts";

/** Writes all of the text. @throws {FileError} if it cannot be written, for example because the reader has exited. */
export function writeStdout(text: string): void {
  writeStandardOutput(new TextEncoder().encode(text));
}

/** Standard output during a run. If it cannot be written, `lost` ends the run; the writer continues. */
export class Output {
  readonly #lost = new AbortController();
  /** Aborted with a `FileError` when a write has failed. */
  readonly lost: AbortSignal = this.#lost.signal;

  /** Writes all of the text, unless a write has failed before. */
  readonly write = (text: string): void => {
    if (this.lost.aborted) return;
    try {
      writeStdout(text);
    } catch (error) {
      this.#lost.abort(error);
    }
  };
}
