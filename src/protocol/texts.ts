/** Texts with a limit: cut, or counted until they are too many. Lengths are in UTF-16 units. */

import { ProtocolError } from "../errors.ts";

/**
 * Returns the text, or its beginning and how much is missing: at most `limit` units in all. What is cut does not keep
 * the whole text in memory.
 */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const rest = (kept: number) => `… (and ${grouped(text.length - kept)} more characters)`;
  const kept = Math.max(0, limit - rest(0).length);
  // Not between the halves of a surrogate pair.
  const end = kept > 0 && /[\ud800-\udbff]/.test(text[kept - 1]) ? kept - 1 : kept;
  return copyOf(text.slice(0, end) + rest(end));
}

/** A whole number with its digits in groups: 12,345. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A slice refers to the text that it was cut from. */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/** Counts texts of the peer that are kept until a session goes on. */
export class TextBudget {
  readonly #limit: number;
  readonly #what: string;
  #used = 0;

  /** @param what names the texts in the plural, for the error. */
  constructor(limit: number, what: string) {
    this.#limit = limit;
    this.#what = what;
  }

  /** @throws {ProtocolError} code "bad-message" if the texts are too long together. */
  add(units: number): void {
    this.#used += units;
    if (this.#used <= this.#limit) return;
    throw new ProtocolError(
      "bad-message",
      `Cannot accept so many ${this.#what}: they have more than ${grouped(this.#limit)} characters together`,
    );
  }
}
