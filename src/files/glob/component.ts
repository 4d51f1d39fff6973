/** Components of patterns: the text between two slashes. */

import { UserError } from "../../errors.ts";
import { BACKSLASH, type CharacterSet, hasCharacter, OPEN, parseCharacterSet } from "./character_set.ts";

/** The code point of a character, any character, or one of a set. */
type Character = number | "any" | CharacterSet;

/** Characters, or any number of characters. */
type Token = Character | "star";

/** Characters between two stars. A text is found by the fast search of the runtime. */
type Part = string | readonly Character[];

/** A parsed component, which matches one name. */
export type Component =
  | { readonly kind: "literal"; readonly name: string }
  | {
    readonly kind: "wild";
    /** Before the first star, or everything if there is no star. */
    readonly start: readonly Character[];
    /** Between two stars. */
    readonly middle: readonly Part[];
    /** After the last star; undefined if there is no star. */
    readonly end?: readonly Character[];
    /** Minimum number of characters of a name. */
    readonly minCharacters: number;
    /** End of every matching name: a quick test that excludes most names. */
    readonly tail: string;
    /** Whether a name that starts with "." may match. */
    readonly dot: boolean;
  }
  /** `**`: any number of directories, including none. */
  | { readonly kind: "deep"; readonly dot: boolean };

export interface ComponentOptions {
  /** Whether `*`, `?` and brackets match a "." at the start of a name. Default: false, as in a shell. */
  dot?: boolean;
  /** Whether an unclosed bracket is an error instead of a literal character. Default: false. */
  strict?: boolean;
}

/** Number of comparisons that take as long as the test of a class. */
const CLASS_STEPS = 8;
const DOT = 0x2e;
const QUESTION = 0x3f;
const ASTERISK = 0x2a;

/**
 * Parses a component.
 *
 * @param text Text between two slashes, not empty, including backslashes.
 * @throws {UserError} The message is only the reason.
 */
export function parseComponent(text: string, options: ComponentOptions = {}): Component {
  const dot = options.dot ?? false;
  if (text === "**") return { kind: "deep", dot };
  const tokens = parseTokens(Array.from(text, (char) => char.codePointAt(0)!), options.strict ?? false);
  if (tokens.every((it) => typeof it === "number")) return { kind: "literal", name: fromCodes(tokens as number[]) };
  const parts: Character[][] = [[]];
  for (const token of tokens) {
    if (token === "star") parts.push([]);
    else parts[parts.length - 1].push(token);
  }
  const [start, ...others] = parts;
  const end = others.pop();
  const minCharacters = parts.reduce((sum, part) => sum + part.length, 0);
  const tail = fromCodes(tokens.slice(tokens.findLastIndex((it) => typeof it !== "number") + 1) as number[]);
  return { kind: "wild", start, middle: others.map(toPart), end, minCharacters, tail, dot: dot || tokens[0] === DOT };
}

/** Returns the text of characters, unless they must be compared one by one. */
function toPart(characters: Character[]): Part {
  if (!characters.every((it) => typeof it === "number")) return characters;
  const text = fromCodes(characters);
  // Half of a surrogate pair must not match half of a character.
  return text.isWellFormed() ? text : characters;
}

/**
 * Returns the maximum number of comparisons per character of a name that the search between two stars takes, because it
 * compares the characters at each position. Other parts are compared once, or found by the fast search of the runtime.
 */
export function searchSteps(component: Component): number {
  if (component.kind !== "wild") return 0;
  let steps = 0;
  for (const part of component.middle) {
    if (typeof part !== "string") steps += part.reduce((sum: number, it) => sum + stepsOf(it), 0);
  }
  return steps;
}

function stepsOf(character: Character): number {
  if (typeof character !== "object") return 1;
  return 1 + character.ranges.length / 2 + character.classes.length * CLASS_STEPS;
}

function parseTokens(codes: readonly number[], strict: boolean): Token[] {
  const tokens: Token[] = [];
  let closed = true;
  for (let at = 0; at < codes.length;) {
    const code = codes[at];
    const bracket = code === OPEN && closed ? parseCharacterSet(codes, at) : undefined;
    if (bracket) {
      tokens.push(bracket.set);
      at = bracket.end;
      continue;
    }
    if (code === OPEN && strict) {
      throw new UserError('"[" is never closed', { hint: 'Write "\\[" for the character itself' });
    }
    // Later brackets are not parsed: thousands of unclosed ones would take quadratic time.
    if (code === OPEN) closed = false;
    if (code === BACKSLASH && at + 1 < codes.length) tokens.push(codes[++at]);
    else if (code === QUESTION) tokens.push("any");
    else if (code !== ASTERISK) tokens.push(code);
    else if (tokens.at(-1) !== "star") tokens.push("star");
    at++;
  }
  return tokens;
}

/**
 * Returns whether a name matches. "." and ".." match only themselves. `**` matches every name that it may enter. The time is
 * at most proportional to the characters of the name times those of the pattern.
 */
export function matchComponent(component: Component, name: string): boolean {
  if (component.kind === "literal") return component.name === name;
  if (name === "" || name === "." || name === "..") return false;
  if (!component.dot && name.charCodeAt(0) === DOT) return false;
  if (component.kind === "deep") return true;
  return component.minCharacters <= name.length && name.endsWith(component.tail) && matchWild(component, name);
}

function matchWild({ start, middle, end }: Extract<Component, { kind: "wild" }>, name: string): boolean {
  let from = matchAt(start, name, 0);
  if (from < 0) return false;
  if (!end) return from === name.length;
  const to = matchBefore(end, name, { from, to: name.length });
  if (to < 0) return false;
  for (const part of middle) {
    // The first match is enough: it leaves the most characters for the other parts.
    from = typeof part === "string" ? endOfText(part, name, from) : endOfMatch(part, name, { from, to });
    if (from < 0 || from > to) return false;
  }
  return true;
}

/** Returns the end of characters that start at a position; -1 if others do. */
function matchAt(characters: readonly Character[], name: string, from: number): number {
  let at = from;
  for (const character of characters) {
    if (at >= name.length) return -1;
    const code = name.codePointAt(at)!;
    if (!accepts(character, code)) return -1;
    at += widthOf(code);
  }
  return at;
}

/** Returns the start of characters that end at `to`; -1 if there are none after `from`. */
function matchBefore(
  characters: readonly Character[],
  name: string,
  { from, to }: { from: number; to: number },
): number {
  let at = to;
  for (let index = characters.length - 1; index >= 0; index--) {
    if (at <= from) return -1;
    at--;
    if (at > from && isTrail(name.charCodeAt(at)) && name.codePointAt(at - 1)! > 0xffff) at--;
    if (!accepts(characters[index], name.codePointAt(at)!)) return -1;
  }
  return at;
}

/** Returns the end of the first match; -1 if there is none. */
function endOfMatch(
  characters: readonly Character[],
  name: string,
  { from, to }: { from: number; to: number },
): number {
  for (let at = from; at + characters.length <= to; at += widthOf(name.codePointAt(at)!)) {
    const end = matchAt(characters, name, at);
    if (end >= 0) return end;
  }
  return -1;
}

function endOfText(text: string, name: string, from: number): number {
  const at = name.indexOf(text, from);
  return at < 0 ? -1 : at + text.length;
}

function isTrail(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function accepts(character: Character, code: number): boolean {
  if (typeof character === "number") return character === code;
  return character === "any" || hasCharacter(character, code);
}

function widthOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}

function fromCodes(codes: readonly number[]): string {
  return codes.map((code) => String.fromCodePoint(code)).join("");
}
