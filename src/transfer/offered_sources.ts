/** The sources that a sender offers, in one or more control messages. */

import { ProtocolError } from "../errors.ts";
import { MAX_OFFERED_TEXT } from "../protocol/limits.ts";
import type { MessageOf, WireSource } from "../protocol/control/messages.ts";
import { grouped, TextBudget } from "../protocol/control/texts.ts";
import type { ControlChannel } from "../session/model/control_channel.ts";
import { batches } from "./batches.ts";

/** Memory of a directory of a source, counted like text. */
const TREE_UNITS = 16;

/** Sends the sources in at least one message. */
export async function sendOffered(
  control: ControlChannel,
  sources: readonly WireSource[],
  totals: Omit<MessageOf<"sources">, "type" | "sources" | "last">,
): Promise<void> {
  let left = sources.length;
  if (left === 0) control.send({ type: "sources", sources: [], ...totals, last: true });
  for (const batch of batches(sources, (source) => JSON.stringify(source).length)) {
    left -= batch.length;
    control.send({ type: "sources", sources: batch, ...totals, last: left === 0 });
    // The text of a long list must not be in memory all at once.
    if (left > 0) await control.flushed();
  }
}

/** Collects offered sources within limits. */
export class OfferedSources {
  readonly sources: WireSource[] = [];
  readonly #limit: number;
  readonly #texts = new TextBudget(MAX_OFFERED_TEXT, "sources");
  #last: MessageOf<"sources"> | undefined;

  /** @param limit maximum number of sources. */
  constructor(limit: number) {
    this.#limit = limit;
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
    if (this.sources.length + message.sources.length > this.#limit) {
      throw new ProtocolError("unasked", `Cannot accept more than ${grouped(this.#limit)} sources`);
    }
    for (const source of message.sources) {
      const { name, target = "", trees = [] } = source;
      this.#texts.add(name.length + target.length + trees.length * TREE_UNITS);
      this.sources.push(source);
    }
    this.#last = { ...message, sources: [] };
  }
}
