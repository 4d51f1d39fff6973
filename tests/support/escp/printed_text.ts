import { concat } from "@std/bytes/concat";

/** Collects one output of a process and lets callers wait for text in it, without polling. */
export class PrintedText {
  /** Output so far. */
  text = "";
  /** Resolves when the pipe is closed. */
  readonly ended: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  #closed = false;
  #wake = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#collect(stream);
  }

  /** Returns the output so far as bytes. */
  bytes(): Uint8Array {
    return concat(this.#chunks);
  }

  /** Resolves when the text matches; rejects if the pipe is closed before. */
  async waitFor(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (this.#closed) throw new Error(`The process exited without printing ${pattern}:\n${this.text}`);
      await this.#wake.promise;
    }
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#chunks.push(chunk);
      this.text += decoder.decode(chunk, { stream: true });
      this.#notify();
    }
    this.#closed = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
