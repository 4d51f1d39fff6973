/** The sources that a sender offers, message by message, as far as they may be kept. */

import { ProtocolError } from "../errors.ts";
import { MAX_OFFERED_TEXT } from "../protocol/limits.ts";
import type { MessageOf, WireSource } from "../protocol/messages.ts";
import { TextBudget } from "../protocol/texts.ts";

/** See above. */
export class OfferedSources {
  readonly sources: WireSource[] = [];
  readonly #most: number;
  readonly #texts = new TextBudget(MAX_OFFERED_TEXT, "sources");
  #last: MessageOf<"sources"> | undefined;

  /** @param most number of sources that may be offered. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether all of them are there. */
  get complete(): boolean {
    return this.#last?.last ?? false;
  }

  /** The message that came last. */
  get last(): MessageOf<"sources"> {
    return this.#last!;
  }

  /** @throws {ProtocolError} code "unasked" for one too many; "bad-message" if their names are too long together. */
  add(message: MessageOf<"sources">): void {
    if (this.sources.length + message.sources.length > this.#most) {
      throw new ProtocolError("unasked", "Cannot accept so many sources: not so many were asked for");
    }
    for (const source of message.sources) {
      this.#texts.add(source.name.length + (source.target?.length ?? 0));
      this.sources.push(source);
    }
    this.#last = { ...message, sources: [] };
  }
}
