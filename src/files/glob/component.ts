/** Components of patterns: the text between two slashes. */

import { UserError } from "../../errors.ts";
import { BACKSLASH, type CharacterSet, hasCharacter, OPEN, parseCharacterSet } from "./character_set.ts";

/** The code point of a character, any character, any number of characters, or one of a set. */
type Token = number | "any" | "star" | CharacterSet;

/** A parsed component, which matches one name. */
export type Component =
  | { readonly kind: "literal"; readonly name: string }
  | {
    readonly kind: "wild";
    readonly tokens: readonly Token[];
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
  const minCharacters = tokens.filter((it) => it !== "star").length;
  const tail = fromCodes(tokens.slice(tokens.findLastIndex((it) => typeof it !== "number") + 1) as number[]);
  return { kind: "wild", tokens, minCharacters, tail, dot: dot || tokens[0] === DOT };
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
  return component.minCharacters <= name.length && name.endsWith(component.tail) && matchTokens(component.tokens, name);
}

function matchTokens(tokens: readonly Token[], name: string): boolean {
  let at = 0;
  let token = 0;
  // Backtracking to the last star is enough: it can match everything that an earlier one could.
  let afterStar = -1;
  let starEnd = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current === "star") {
      afterStar = ++token;
      starEnd = at;
      continue;
    }
    const code = name.codePointAt(at)!;
    if (token < tokens.length && accepts(current, code)) {
      at += widthOf(code);
      token++;
      continue;
    }
    if (afterStar < 0) return false;
    if (afterStar === tokens.length) return true;
    starEnd += widthOf(name.codePointAt(starEnd)!);
    at = starEnd;
    token = afterStar;
  }
  while (tokens[token] === "star") token++;
  return token === tokens.length;
}

function accepts(token: Exclude<Token, "star">, code: number): boolean {
  if (typeof token === "number") return token === code;
  return token === "any" || hasCharacter(token, code);
}

function widthOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}

function fromCodes(codes: readonly number[]): string {
  let text = "";
  for (const code of codes) text += String.fromCodePoint(code);
  return text;
}
