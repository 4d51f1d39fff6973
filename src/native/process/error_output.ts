/** The standard error of a process. */

import { settleWithin } from "../../async/settle_within.ts";

/** Maximum wait for the end of standard error, which children of the exited process may keep open. In milliseconds. */
const PATIENCE_MS = 200;
/** Maximum number of characters to keep. */
const MAX_TEXT = 4_096;

/** Options for standard error. */
export interface ErrorOutputOptions {
  /** Called with all bytes, for example to forward them. */
  echo?: (bytes: Uint8Array) => void;
  /** Text to find, for `matches`. */
  pattern?: RegExp;
}

/** Reads the standard error of a process, whose length nothing limits, and keeps its end. */
export class ErrorOutput {
  readonly #ended: Promise<void>;
  readonly #options: ErrorOutputOptions;
  #text = "";
  #matches = false;

  constructor(stream: ReadableStream<Uint8Array>, options: ErrorOutputOptions = {}) {
    this.#options = options;
    // The text is only used for messages.
    this.#ended = this.#read(stream).catch(() => {});
  }

  /** Returns its last lines that are not empty. They must be escaped for a terminal. Call this after the process has ended. */
  async lastLines(count: number): Promise<string[]> {
    await this.ended();
    const lines = this.#text.split(/[\r\n]+/).map((line) => line.trim());
    return lines.filter((line) => line !== "").slice(-count);
  }

  /** Resolves at the end of the output, or soon after the process has ended. Call this after the process has ended. */
  async ended(): Promise<void> {
    await settleWithin(PATIENCE_MS, this.#ended);
  }

  /** Whether the pattern was found so far. */
  get matches(): boolean {
    return this.#matches;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const { echo, pattern } = this.#options;
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      echo?.(bytes);
      const text = this.#text + decoder.decode(bytes, { stream: true });
      this.#matches ||= pattern?.test(text) ?? false;
      this.#text = text.slice(-MAX_TEXT);
    }
  }
}
