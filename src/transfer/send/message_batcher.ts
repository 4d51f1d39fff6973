/** Entries on their way to the client, many in a message. */

/** Most entries, and characters of their paths, in one message: with escapes it must fit into a line. */
const MESSAGE_ENTRIES = 500;
const MESSAGE_CHARACTERS = 64 << 10;

/** Gathers entries; `flush` at the end. */
export class MessageBatcher<Entry extends { path: string }> {
  readonly #send: (entries: Entry[]) => void;
  #entries: Entry[] = [];
  #characters = 0;

  /** @param send gets what fits into a message. */
  constructor(send: (entries: Entry[]) => void) {
    this.#send = send;
  }

  add(entry: Entry): void {
    if (this.#characters + entry.path.length > MESSAGE_CHARACTERS) this.flush();
    this.#entries.push(entry);
    this.#characters += entry.path.length;
    if (this.#entries.length === MESSAGE_ENTRIES) this.flush();
  }

  /** Sends what is left. */
  flush(): void {
    if (this.#entries.length === 0) return;
    this.#send(this.#entries);
    this.#entries = [];
    this.#characters = 0;
  }
}
