/** Gathers lines, so that long lists are written in large pieces. */

/** Number of buffered characters from which on lines are written. */
const FLUSH_AT = 64 << 10;

export class LineBuffer {
  readonly #write: (text: string) => void;
  #text = "";

  /** @param write Receives whole lines, several at once. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Adds a line without its end. */
  add(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length >= FLUSH_AT) this.flush();
  }

  /** Writes the lines that were added. */
  flush(): void {
    if (this.#text !== "") this.#write(this.#text);
    this.#text = "";
  }
}
