/** Collects one output of a process and lets callers wait for what it prints, without looking again and again. */
export class PrintedText {
  /** All that came so far. */
  text = "";
  /** Resolves when the pipe is closed. */
  readonly ended: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  #over = false;
  #wake = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#collect(stream);
  }

  /** All that came so far, as it came. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** Resolves as soon as the text matches; rejects when the pipe is closed before. */
  async waitFor(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (this.#over) throw new Error(`It ended without printing ${pattern}:\n${this.text}`);
      await this.#wake.promise;
    }
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#chunks.push(chunk);
      this.text += decoder.decode(chunk, { stream: true });
      this.#stir();
    }
    this.#over = true;
    this.#stir();
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
