/**
 * Stars in filter patterns with the meaning of rsync: "dir/***" is a directory and everything in it, and `**` inside a
 * component also matches slashes. Such patterns are rewritten to ones that every version of escp understands.
 */

import { quotePath, UserError } from "../../errors.ts";
import { expandBraces } from "./braces.ts";
import { BACKSLASH, OPEN, parseCharacterSet } from "./character_set.ts";
import { parseGlob, splitPattern } from "./pattern.ts";
import { compileRule } from "./rule.ts";

const ASTERISK = 0x2a;
/** Matches within a name, or from one name to a later one. */
const ACROSS_SLASHES = "{*,*/**/*}";

/**
 * Returns an equivalent pattern for `compileRule`, in which `**` is a whole component and `***` does not occur. A pattern
 * without such stars stays the same.
 *
 * @throws {UserError} for an invalid pattern, or for `***` in another place than the end, after a slash.
 */
export function rewriteRsyncStars(text: string): string {
  if (!text.includes("**")) return text;
  parseGlob(text, { strict: true });
  const alternatives = expandBraces(text);
  const rewritten = alternatives.map((alternative) => rewriteAlternative(alternative, text));
  if (rewritten.every((pattern) => pattern === undefined)) return text;
  const patterns = rewritten.map((pattern, at) => pattern ?? withLiteralBraces(alternatives[at]));
  return patterns.length === 1 ? patterns[0] : `{${patterns.join(",")}}`;
}

/** Checks a pattern of the user. @throws {UserError} as `rewriteRsyncStars` and `compileRule`. */
export function checkPattern(text: string): void {
  compileRule(rewriteRsyncStars(text));
}

/** Returns the equivalent of a pattern without alternatives; undefined if nothing needs to change. */
function rewriteAlternative(alternative: string, text: string): string | undefined {
  const pieces = splitPattern(alternative);
  const isRooted = /^\\?\/|^\.\//.test(alternative);
  const hasContents = pieces.at(-1) === "***" && alternative.endsWith("/***");
  if (hasContents) pieces.pop();
  if (hasContents && pieces.length === 0) return "/**";
  const widened = pieces.map((piece) => piece === "**" ? piece : widenStars(piece, text));
  if (!hasContents && widened.every((piece, at) => piece === withLiteralBraces(pieces[at]))) return undefined;
  // A pattern without a slash before its end matches at any depth.
  const start = isRooted ? "/" : pieces.length === 1 && pieces[0] !== "**" ? "**/" : "";
  const end = hasContents ? "/{,**}" : alternative.endsWith("/") ? "/" : "";
  return start + widened.join("/") + end;
}

/** Rewrites each `**` in a component. */
function widenStars(piece: string, text: string): string {
  const codes = Array.from(piece, (char) => char.codePointAt(0)!);
  const take = (from: number, to: number) => withLiteralBraces(String.fromCodePoint(...codes.slice(from, to)));
  let result = "";
  for (let at = 0; at < codes.length;) {
    let end = at + 1;
    if (codes[at] === ASTERISK) { while (codes[end] === ASTERISK) end++; }
    if (end - at > 2) throw refuse(text);
    if (codes[at] === BACKSLASH && end < codes.length) end++;
    else if (codes[at] === OPEN) end = parseCharacterSet(codes, at)?.end ?? end;
    result += end - at === 2 && codes[at] === ASTERISK ? ACROSS_SLASHES : take(at, end);
    at = end;
  }
  return result;
}

/** Escapes characters that would have a meaning in braces. */
function withLiteralBraces(pattern: string): string {
  return pattern.replace(/\\.|[\\{},]/gsu, (part) => part.length > 1 ? part : `\\${part}`);
}

function refuse(text: string): UserError {
  return new UserError(`Cannot use the pattern ${quotePath(text)}: "***" is only supported at its end, after a slash`, {
    hint: 'Write "DIRECTORY/***" for a directory and everything in it, or "**" for any characters',
  });
}
