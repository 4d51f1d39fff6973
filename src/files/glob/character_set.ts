/** Bracket expressions of a pattern: "[abc]", "[a-z]", "[!a-z]", "[^a-z]", "[[:digit:]_]". */

import { UserError } from "../../errors.ts";

/** The characters of a bracket expression. */
export interface CharacterSet {
  readonly negated: boolean;
  /** Ranges of code points in pairs, both inclusive: first, last, first, last. */
  readonly ranges: readonly number[];
  readonly classes: readonly RegExp[];
}

/** Classes of POSIX, for all of Unicode. None of them contains a byte that is not UTF-8. */
const CLASSES: Record<string, RegExp> = {
  alnum: /[\p{Alphabetic}\p{Nd}]/u,
  alpha: /\p{Alphabetic}/u,
  blank: /[\t\p{Zs}]/u,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/u,
  graph: /[^\p{C}\p{Z}]/u,
  lower: /\p{Lowercase}/u,
  print: /[^\p{C}\p{Zl}\p{Zp}]/u,
  punct: /[\p{P}\p{S}]/u,
  space: /\s/u,
  upper: /\p{Uppercase}/u,
  word: /[\p{Alphabetic}\p{Nd}_]/u,
  xdigit: /[0-9a-fA-F]/u,
};

export const OPEN = 0x5b;
export const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const DASH = 0x2d;
const COLON = 0x3a;
const CARET = 0x5e;
const EXCLAMATION = 0x21;

/**
 * Parses the bracket expression whose "[" is at codes[at]. A "]" at the start and a "-" at either end are literal, and so is
 * any character after a backslash.
 *
 * @returns The set and its end; undefined if the bracket is never closed, so that it is literal.
 * @throws {UserError} For an unknown class. The message is only the reason.
 */
export function parseCharacterSet(
  codes: readonly number[],
  at: number,
): { set: CharacterSet; end: number } | undefined {
  const ranges: number[] = [];
  const classes: RegExp[] = [];
  let next = at + 1;
  const negated = codes[next] === EXCLAMATION || codes[next] === CARET;
  if (negated) next++;
  for (const start = next; next < codes.length;) {
    if (codes[next] === CLOSE && next > start) return { set: { negated, ranges, classes }, end: next + 1 };
    const name = codes[next] === OPEN && codes[next + 1] === COLON ? className(codes, next + 2) : undefined;
    if (name !== undefined) {
      classes.push(findClass(name));
      next += name.length + 4;
      continue;
    }
    if (codes[next] === BACKSLASH && next + 1 < codes.length) next++;
    const first = codes[next++];
    let last = first;
    if (codes[next] === DASH && next + 1 < codes.length && codes[next + 1] !== CLOSE) {
      next++;
      if (codes[next] === BACKSLASH && next + 1 < codes.length) next++;
      last = codes[next++];
    }
    ranges.push(first, last);
  }
  return undefined;
}

/** Returns whether a set contains a code point. */
export function hasCharacter(set: CharacterSet, code: number): boolean {
  const { ranges, classes, negated } = set;
  for (let at = 0; at < ranges.length; at += 2) {
    if (code >= ranges[at] && code <= ranges[at + 1]) return !negated;
  }
  return classes.length > 0 && classes.some((it) => it.test(String.fromCodePoint(code))) ? !negated : negated;
}

/** Returns the letters before ":]"; undefined if there is no ":]". */
function className(codes: readonly number[], from: number): string | undefined {
  let to = from;
  while (codes[to] >= 0x61 && codes[to] <= 0x7a) to++;
  if (codes[to] !== COLON || codes[to + 1] !== CLOSE) return undefined;
  return String.fromCodePoint(...codes.slice(from, to));
}

function findClass(name: string): RegExp {
  if (Object.hasOwn(CLASSES, name)) return CLASSES[name];
  throw new UserError(`the class "[:${name.slice(0, 40)}:]" is unknown`, {
    hint: `The classes are ${Object.keys(CLASSES).join(", ")}`,
  });
}
