/** The sources that a sender offers, over several messages. */

import { ProtocolError } from "../../errors.ts";
import { MAX_OFFERED_TEXT } from "../../protocol/limits.ts";
import type { MessageOf, WireSource } from "../../protocol/control/messages.ts";
import { grouped, TextBudget } from "../../protocol/control/texts.ts";

/** Collects offered sources within limits. */
export class OfferedSources {
  readonly sources: WireSource[] = [];
  readonly #most: number;
  readonly #texts = new TextBudget(MAX_OFFERED_TEXT, "sources");
  #last: MessageOf<"sources"> | undefined;

  /** @param most maximum number of sources. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether all sources have arrived. */
  get complete(): boolean {
    return this.#last?.last ?? false;
  }

  /** The last message, without its sources. */
  get last(): MessageOf<"sources"> {
    return this.#last!;
  }

  /** @throws {ProtocolError} code "unasked" for too many sources; "bad-message" if their names exceed the limit. */
  add(message: MessageOf<"sources">): void {
    if (this.sources.length + message.sources.length > this.#most) {
      throw new ProtocolError("unasked", `Cannot accept more than ${grouped(this.#most)} sources`);
    }
    for (const source of message.sources) {
      this.#texts.add(source.name.length + (source.target?.length ?? 0));
      this.sources.push(source);
    }
    this.#last = { ...message, sources: [] };
  }
}
