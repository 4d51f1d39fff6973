/** Limits for texts of the peer. Lengths are in UTF-16 units. */

import { ProtocolError } from "../../errors.ts";

/**
 * Cuts a text to at most `limit` units. A text that was cut ends with the number of missing characters, and does not
 * keep the original in memory.
 */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const rest = (kept: number) => `… (and ${grouped(text.length - kept)} more characters)`;
  const kept = Math.max(0, limit - rest(0).length);
  // Do not separate the halves of a surrogate pair.
  const end = kept > 0 && /[\ud800-\udbff]/.test(text[kept - 1]) ? kept - 1 : kept;
  return copyOf(text.slice(0, end) + rest(end));
}

/** Formats a whole number with its digits in groups: 12,345. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Copies a text, because a slice refers to the text that it was cut from. */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/** Limits the total length of texts that are kept. */
export class TextBudget {
  readonly #limit: number;
  readonly #what: string;
  #used = 0;

  /** @param what plural noun for the error message, such as "sources". */
  constructor(limit: number, what: string) {
    this.#limit = limit;
    this.#what = what;
  }

  /** Counts a text. @throws {ProtocolError} code "bad-message" if all texts together exceed the limit. */
  add(units: number): void {
    this.#used += units;
    if (this.#used <= this.#limit) return;
    throw new ProtocolError(
      "bad-message",
      `Cannot accept all ${this.#what}: together they have more than ${grouped(this.#limit)} characters`,
    );
  }
}
