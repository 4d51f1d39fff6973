/**
 * Parses the structure of a JavaScript regular expression with the flag "u". V8 has validated the syntax before. Characters,
 * classes and escapes stay as text, which V8 evaluates (alphabet.ts).
 */

import { UserError } from "../../errors.ts";

/** Flags that a group such as `(?i:a)` can change. */
export interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

/** A regular expression, or a part of it. */
export type Node =
  /** An atom that matches one character: "a", ".", "[a-z]", "\d". */
  | { readonly type: "character"; readonly text: string; readonly flags: Flags }
  | { readonly type: "sequence"; readonly parts: readonly Node[] }
  | { readonly type: "choice"; readonly parts: readonly Node[] }
  | { readonly type: "repeat"; readonly part: Node; readonly min: number; readonly max: number }
  | { readonly type: "assertion"; readonly assertion: Assertion };

/** A condition on the position between two characters. */
export type Assertion =
  | { readonly kind: "start" | "end" | "boundary"; readonly flags: Flags; readonly negated: boolean }
  | { readonly kind: "lookahead" | "lookbehind"; readonly part: Node; readonly negated: boolean };

const NO_FLAGS: Flags = { ignoreCase: false, multiline: false, dotAll: false };

/** Maximum number of groups in each other, because each takes stack. */
const MAX_DEPTH = 1_000;

/** Start of a group. Captures the sign of a lookahead, the sign of a lookbehind, and modifiers. */
const OPENING = /\((?:\?(?:([=!])|<([=!])|<[^>]*>|([a-z-]*):))?/y;
const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/y;
/** Escape with more than one character after the backslash. The halves of a surrogate pair are one character. */
const LONG_ESCAPE =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[a-zA-Z]|[pP]\{[^}]*\})/y;

/**
 * Parses an expression that `new RegExp(text, "u")` accepts.
 *
 * @throws {UserError} If it contains a backreference or is nested too deeply; the message is only the reason.
 */
export function parseRegex(text: string): Node {
  return new Parser(text).choice(NO_FLAGS);
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  choice(flags: Flags): Node {
    const parts = [this.#sequence(flags)];
    while (this.#take("|")) parts.push(this.#sequence(flags));
    return parts.length === 1 ? parts[0] : { type: "choice", parts };
  }

  #sequence(flags: Flags): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== "|" && this.#text[this.#at] !== ")") {
      parts.push(this.#quantified(this.#term(flags)));
    }
    return parts.length === 1 ? parts[0] : { type: "sequence", parts };
  }

  #term(flags: Flags): Node {
    const from = this.#at;
    switch (this.#text[from]) {
      case "^":
        this.#at++;
        return { type: "assertion", assertion: { kind: "start", flags, negated: false } };
      case "$":
        this.#at++;
        return { type: "assertion", assertion: { kind: "end", flags, negated: false } };
      case "(":
        return this.#group(flags);
      case "[":
        this.#skipClass();
        break;
      case "\\":
        if (/[bB]/.test(this.#text[from + 1])) {
          this.#at += 2;
          const negated = this.#text[from + 1] === "B";
          return { type: "assertion", assertion: { kind: "boundary", flags, negated } };
        }
        this.#skipEscape();
        break;
      default:
        this.#at += this.#text.codePointAt(from)! > 0xffff ? 2 : 1;
    }
    return { type: "character", text: this.#text.slice(from, this.#at), flags };
  }

  #group(flags: Flags): Node {
    const [, ahead, behind, modifiers] = this.#match(OPENING)!;
    if (++this.#depth > MAX_DEPTH) {
      throw new UserError("its groups are nested too deeply", { hint: "Simplify it, or split it into several rules" });
    }
    const part = this.choice(modifiers === undefined ? flags : withModifiers(flags, modifiers));
    this.#depth--;
    this.#take(")");
    const sign = ahead ?? behind;
    if (sign === undefined) return part;
    const kind = ahead ? "lookahead" : "lookbehind";
    return { type: "assertion", assertion: { kind, part, negated: sign === "!" } };
  }

  #quantified(part: Node): Node {
    const quantifier = this.#match(QUANTIFIER);
    if (!quantifier) return part;
    const [text, digits, comma, more] = quantifier;
    if (text[0] === "*") return { type: "repeat", part, min: 0, max: Infinity };
    if (text[0] === "+") return { type: "repeat", part, min: 1, max: Infinity };
    if (text[0] === "?") return { type: "repeat", part, min: 0, max: 1 };
    const min = Number(digits);
    return { type: "repeat", part, min, max: comma === undefined ? min : more === "" ? Infinity : Number(more) };
  }

  #skipClass(): void {
    for (this.#at++; this.#text[this.#at] !== "]"; this.#at++) if (this.#text[this.#at] === "\\") this.#at++;
    this.#at++;
  }

  #skipEscape(): void {
    if (/[1-9k]/.test(this.#text[this.#at + 1])) {
      throw new UserError("backreferences are not supported", {
        hint: "Write out what the group matches, or use several rules",
      });
    }
    if (!this.#match(LONG_ESCAPE)) this.#at += 2;
  }

  /** Consumes a match at the current position. The expression has the flag "y". */
  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#text);
    if (match) this.#at = expression.lastIndex;
    return match;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
}

function withModifiers(flags: Flags, text: string): Flags {
  const [on, off = ""] = text.split("-");
  const flag = (letter: string, before: boolean) => on.includes(letter) || (before && !off.includes(letter));
  return {
    ignoreCase: flag("i", flags.ignoreCase),
    multiline: flag("m", flags.multiline),
    dotAll: flag("s", flags.dotAll),
  };
}
