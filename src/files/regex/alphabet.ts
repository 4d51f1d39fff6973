/** Equivalence classes of characters for a regular expression. */

import type { Flags } from "./syntax.ts";

/** Code points below this are looked up in a table. */
const TABLE_SIZE = 128;
/** Maximum number of other code points to cache. */
const MAX_REMEMBERED = 10_000;

/**
 * Maps code points to classes. Each atom of the expression, such as "a" or "[0-9]", accepts all members of a class or none.
 * V8 evaluates the atoms, on one code point at a time.
 */
export class Alphabet {
  readonly #tests: ((text: string, code: number) => boolean)[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #table = new Int32Array(TABLE_SIZE).fill(-1);
  readonly #others = new Map<number, number>();
  readonly #classes = new Map<string, number>();
  /** Per class: a "1" for each atom that accepts it, "0" for the others. */
  readonly #members: string[] = [];

  /** Adds an atom. All atoms must be added before the first `classOf`. @returns its number. */
  add(text: string, flags: Flags): number {
    const letters = `${flags.ignoreCase ? "i" : ""}${flags.dotAll && text === "." ? "s" : ""}`;
    const key = `${letters}/${text}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#tests.push(testOf(text, letters)) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** Returns the class of a code point, a number from 0. */
  classOf(code: number): number {
    const known = code < TABLE_SIZE ? this.#table[code] : this.#others.get(code) ?? -1;
    return known >= 0 ? known : this.#find(code);
  }

  /** Returns whether an atom accepts the code points of a class. */
  accepts(number: number, ofClass: number): boolean {
    return this.#members[ofClass][number] === "1";
  }

  #find(code: number): number {
    const text = String.fromCodePoint(code);
    let members = "";
    for (const test of this.#tests) members += test(text, code) ? "1" : "0";
    let found = this.#classes.get(members);
    if (found === undefined) {
      found = this.#members.push(members) - 1;
      this.#classes.set(members, found);
    }
    if (code < TABLE_SIZE) this.#table[code] = found;
    else {
      if (this.#others.size >= MAX_REMEMBERED) this.#others.clear();
      this.#others.set(code, found);
    }
    return found;
  }
}

function testOf(text: string, letters: string): (text: string, code: number) => boolean {
  const literal = text.codePointAt(0)!;
  const isLiteral = letters === "" && !/^[.[\\]/.test(text);
  if (isLiteral) return (_, code) => code === literal;
  const expression = new RegExp(`^${text}$`, `u${letters}`);
  return (text) => expression.test(text);
}
