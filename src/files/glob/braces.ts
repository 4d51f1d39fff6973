/** Brace expansion as in bash: "a{b,c}" expands to "ab" and "ac". Sequences such as "{1..9}" are not expanded. */

import { quotePath, UserError } from "../../errors.ts";

/** Maximum number of results of one pattern. */
export const MAX_BRACE_RESULTS = 10_000;
/** Maximum number of characters of all results. */
const MAX_BRACE_CHARACTERS = 1 << 20;
const MAX_DEPTH = 64;

/** A parsed text: literal parts, and choices between sequences. */
type Sequence = (string | Sequence[])[];

/** Number of results, and of characters in all of them. */
interface Size {
  count: number;
  characters: number;
}

/**
 * Expands the braces of a pattern, from left to right; the results may contain duplicates. Braces without a comma,
 * unclosed braces and braces after a backslash stay unchanged, and so do backslashes.
 *
 * @throws {UserError} For more than 10,000 results, more than 2 ** 20 characters, or braces nested deeper than 64. No result
 * is built before these checks.
 */
export function expandBraces(text: string): string[] {
  if (!text.includes("{")) return [text];
  const sequence = new Groups(text).parse(0, text.length, 0);
  const { count, characters } = measure(sequence);
  if (count > MAX_BRACE_RESULTS) throw refuse(text, `it expands to more than ${MAX_BRACE_RESULTS} names`);
  if (characters > MAX_BRACE_CHARACTERS) {
    throw refuse(text, `it expands to more than ${MAX_BRACE_CHARACTERS} characters`);
  }
  return produce(sequence);
}

/** Returns the position of the first "{" that is never closed; -1 if there is none. */
export function findUnclosedBrace(text: string): number {
  return new Groups(text).unclosed;
}

/** Matches opening and closing braces in one pass, so that hostile texts take linear time. */
class Groups {
  /** The first "{" that is never closed, or -1. */
  readonly unclosed: number;
  readonly #text: string;
  /** Positions of the commas and the "}" of each "{" that starts a group. */
  readonly #ends = new Map<number, number[]>();

  constructor(text: string) {
    this.#text = text;
    const open: { at: number; ends: number[] }[] = [];
    for (let at = 0; at < text.length; at++) {
      const char = text[at];
      if (char === "\\") at++;
      else if (char === "{") open.push({ at, ends: [] });
      else if (char === "," && open.length > 0) open[open.length - 1].ends.push(at);
      else if (char === "}" && open.length > 0) {
        const group = open.pop()!;
        if (group.ends.length > 0) this.#ends.set(group.at, [...group.ends, at]);
      }
    }
    this.unclosed = open.length > 0 ? open[0].at : -1;
  }

  parse(from: number, to: number, depth: number): Sequence {
    if (depth > MAX_DEPTH) throw refuse(this.#text, `it has braces nested deeper than ${MAX_DEPTH}`);
    const sequence: Sequence = [];
    let plain = from;
    for (let at = from; at < to; at++) {
      if (this.#text[at] === "\\") at++;
      const ends = this.#text[at] === "{" ? this.#ends.get(at) : undefined;
      if (!ends) continue;
      sequence.push(this.#text.slice(plain, at));
      let start = at + 1;
      const choices: Sequence[] = [];
      for (const end of ends) {
        choices.push(this.parse(start, end, depth + 1));
        start = end + 1;
      }
      sequence.push(choices);
      at = ends[ends.length - 1];
      plain = at + 1;
    }
    sequence.push(this.#text.slice(plain, to));
    return sequence;
  }
}

function measure(sequence: Sequence): Size {
  let [count, characters] = [1, 0];
  for (const part of sequence) {
    const size = typeof part === "string" ? { count: 1, characters: part.length } : measureChoices(part);
    characters = characters * size.count + size.characters * count;
    count *= size.count;
  }
  return { count, characters };
}

function measureChoices(choices: Sequence[]): Size {
  const size = { count: 0, characters: 0 };
  for (const choice of choices) {
    const { count, characters } = measure(choice);
    size.count += count;
    size.characters += characters;
  }
  return size;
}

function produce(sequence: Sequence): string[] {
  let texts = [""];
  for (const part of sequence) {
    const tails = typeof part === "string" ? [part] : part.flatMap(produce);
    texts = texts.flatMap((text) => tails.map((tail) => text + tail));
  }
  return texts;
}

function refuse(text: string, reason: string): UserError {
  const shown = text.length > 200 ? text.slice(0, 200) + "…" : text;
  return new UserError(`Cannot expand ${quotePath(shown)}: ${reason}`);
}
