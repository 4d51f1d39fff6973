/** The lines of a `.gitignore` file, by the rules of gitignore(5). */

import { UserError } from "../../errors.ts";
import { textLines } from "../../text_lines.ts";
import { compileRule, type RuleTest } from "../glob/rule.ts";

/** Returns whether the rules of a file ignore a path relative to its directory; undefined if no rule matches. */
export type IgnoreTest = (path: string, isDirectory: boolean) => boolean | undefined;

/** Maximum number of rules in a file, because every entry is tested with all of them. */
const MAX_RULES = 10_000;

/**
 * Parses a file. Lines that cannot match anything are skipped, as by git. Returns undefined if there are no rules.
 *
 * @throws {UserError} if there are too many rules.
 */
export function parseIgnoreRules(text: string): IgnoreTest | undefined {
  const lines = textLines(text);
  if (lines.length > MAX_RULES) throw new UserError(`it has more than ${MAX_RULES} lines`);
  const rules = lines.flatMap((line) => parseLine(line) ?? []);
  if (rules.length === 0) return undefined;
  // The last rule that matches decides.
  rules.reverse();
  return (path, isDirectory) => rules.find(({ test }) => test(path, isDirectory))?.ignored;
}

function parseLine(line: string): { ignored: boolean; test: RuleTest } | undefined {
  if (line.startsWith("#")) return undefined;
  const ignored = !line.startsWith("!");
  const pattern = withoutSpaces(ignored ? line : line.slice(1));
  if (matchesNothing(pattern)) return undefined;
  try {
    return { ignored, test: compileRule(withLiteralBraces(pattern)) };
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Removes the spaces at the end that no backslash precedes. */
function withoutSpaces(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === "\\") end = Math.min(line.length, ++at + 1);
    else if (line[at] !== " ") end = at + 1;
  }
  return line.slice(0, end);
}

/** Returns whether git never matches a pattern that a rule of escp accepts. */
function matchesNothing(pattern: string): boolean {
  const endsInBackslash = /(?:^|[^\\])(?:\\\\)*\\$/.test(pattern);
  return endsInBackslash || pattern.includes("//") || /(?:^|\/)\.\.?(?:\/|$)/.test(pattern);
}

/** Braces have no meaning for git. */
function withLiteralBraces(pattern: string): string {
  return pattern.replace(/\\.|[{}]/gsu, (part) => part.length > 1 ? part : `\\${part}`);
}
