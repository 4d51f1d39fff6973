/** One component of a pattern: what stands between two slashes. */

import { UserError } from "../../errors.ts";
import { type CharacterSet, hasCharacter, parseCharacterSet } from "./character_set.ts";

/** A character as its code point, any character, any number of characters, or one of a set. */
type Token = number | "any" | "star" | CharacterSet;

/** What one name is compared with. */
export type Component =
  | { readonly kind: "literal"; readonly name: string }
  | {
    readonly kind: "wild";
    readonly tokens: readonly Token[];
    /** Characters that a name must have at least. */
    readonly least: number;
    /** What a name must end in: tells most names apart at once. */
    readonly tail: string;
    /** Whether a name that begins with "." may match. */
    readonly dot: boolean;
  }
  /** `**`: any number of directories, also none. */
  | { readonly kind: "deep"; readonly dot: boolean };

export interface ComponentOptions {
  /** Whether `*`, `?` and brackets match a "." at the start of a name. Default false, as in a shell. */
  dot?: boolean;
  /** Whether a bracket that is never closed is an error instead of an ordinary character. Default false. */
  strict?: boolean;
}

const DOT = 0x2e;

/**
 * @param text What stands between two slashes, not empty, backslashes included.
 * @throws {UserError} its message is only the state: "there is no class ...".
 */
export function parseComponent(text: string, options: ComponentOptions = {}): Component {
  const dot = options.dot ?? false;
  if (text === "**") return { kind: "deep", dot };
  const tokens = parseTokens(Array.from(text, (char) => char.codePointAt(0)!), options.strict ?? false);
  if (tokens.every((it) => typeof it === "number")) return { kind: "literal", name: fromCodes(tokens as number[]) };
  const least = tokens.filter((it) => it !== "star").length;
  const tail = fromCodes(tokens.slice(tokens.findLastIndex((it) => typeof it !== "number") + 1) as number[]);
  return { kind: "wild", tokens, least, tail, dot: dot || tokens[0] === DOT };
}

function parseTokens(codes: readonly number[], strict: boolean): Token[] {
  const tokens: Token[] = [];
  let closed = true;
  for (let at = 0; at < codes.length;) {
    const code = codes[at];
    const bracket = code === 0x5b && closed ? parseCharacterSet(codes, at) : undefined;
    if (bracket) {
      tokens.push(bracket.set);
      at = bracket.end;
      continue;
    }
    if (code === 0x5b && strict) {
      throw new UserError('"[" is never closed', { hint: 'Write "\\[" for the character itself' });
    }
    // What follows is not tried again: thousands of them would take quadratic time.
    if (code === 0x5b) closed = false;
    if (code === 0x5c && at + 1 < codes.length) tokens.push(codes[++at]);
    else if (code === 0x3f) tokens.push("any");
    else if (code !== 0x2a) tokens.push(code);
    else if (tokens.at(-1) !== "star") tokens.push("star");
    at++;
  }
  return tokens;
}

/**
 * Whether a name matches. "." and ".." match nothing but themselves. `**` matches any name here that it may go through.
 * Takes at most characters of the name x characters of the pattern steps.
 */
export function matchComponent(component: Component, name: string): boolean {
  if (component.kind === "literal") return component.name === name;
  if (name === "" || name === "." || name === "..") return false;
  if (!component.dot && name.charCodeAt(0) === DOT) return false;
  if (component.kind === "deep") return true;
  return component.least <= name.length && name.endsWith(component.tail) && matchTokens(component.tokens, name);
}

function matchTokens(tokens: readonly Token[], name: string): boolean {
  let at = 0;
  let token = 0;
  // Only the last star is ever tried again: whatever an earlier one could take, this one can take as well.
  let afterStar = -1;
  let starEnd = 0;
  while (at < name.length) {
    const wanted = tokens[token];
    if (wanted === "star") {
      afterStar = ++token;
      starEnd = at;
      continue;
    }
    const code = name.codePointAt(at)!;
    if (token < tokens.length && accepts(wanted, code)) {
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
