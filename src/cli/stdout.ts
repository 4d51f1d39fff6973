/** Writing to standard output. */

import { OutputClosed } from "../errors.ts";
import { writeStandardOutput } from "../files/output/standard_output.ts";

/** Writes all of the text. @throws {FileError | OutputClosed} */
export function writeStdout(text: string): void {
  writeStandardOutput(new TextEncoder().encode(text));
}

/** Standard output during a run. If it cannot be written, `lost` ends the run; the writer continues. */
export class Output {
  readonly #lost = new AbortController();
  /** Aborted with a `FileError` or `OutputClosed` when a write has failed. */
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

  /** Ends the run, because another writer has found that the reader has exited. */
  closed(): void {
    this.#lost.abort(new OutputClosed());
  }
}
