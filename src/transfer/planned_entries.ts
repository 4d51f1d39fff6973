/** What a dry run would do, counted and told. */

import type { Message, PlannedEntry } from "../protocol/messages.ts";
import type { TransferEvent } from "./events.ts";

/** Most entries, and characters of their paths, in one message: with escapes it must fit into a line. */
const MESSAGE_ENTRIES = 500;
const MESSAGE_CHARACTERS = 64 << 10;

/** On either side: counts entries and tells listeners of this side of them. */
export class PlannedEntries {
  /** That would be copied. */
  files = 0;
  bytes = 0;
  readonly #emit: (event: TransferEvent) => void;

  constructor(emit: (event: TransferEvent) => void) {
    this.#emit = emit;
  }

  add(entry: PlannedEntry): void {
    if (entry.action === "send" || entry.action === "replace") {
      this.files++;
      this.bytes += entry.bytes;
    }
    this.#emit({ type: "planned", ...entry });
  }
}

/** On a remote sender: gathers entries for the client. */
export class PlannedMessages {
  readonly #send: (message: Message) => void;
  #entries: PlannedEntry[] = [];
  #characters = 0;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  add(entry: PlannedEntry): void {
    if (this.#characters + entry.path.length > MESSAGE_CHARACTERS) this.flush();
    this.#entries.push(entry);
    this.#characters += entry.path.length;
    if (this.#entries.length === MESSAGE_ENTRIES) this.flush();
  }

  /** Sends what is left. */
  flush(): void {
    if (this.#entries.length === 0) return;
    this.#send({ type: "planned", entries: this.#entries });
    this.#entries = [];
    this.#characters = 0;
  }
}
