/** `--exclude-from` and `--include-from`: filter rules in a text file, one per line. */

import { concat } from "../../../bytes.ts";
import { quotePath, UsageError, UserError } from "../../../errors.ts";
import { checkPattern } from "../../../files/glob/rsync_stars.ts";
import type { FilterRule } from "../../../files/walk/filter.ts";
import { decodeName } from "../../../protocol/names.ts";
import { textLines } from "../../../text_lines.ts";
import { failureReason } from "../../failure_reason.ts";

/** A file of rules, in its place among the rules of the command line. It is read when its rules are first needed. */
export class RuleFile {
  /** Path of the file; "-" is standard input. */
  readonly file: string;
  /** Option that named the file. */
  readonly option: string;
  readonly #action: FilterRule["action"];
  #rules?: readonly FilterRule[];

  /** @param action action of lines without a prefix. */
  constructor(action: FilterRule["action"], file: string) {
    this.#action = action;
    this.option = `--${action}-from`;
    this.file = file;
  }

  /** The rules, in order. Reading throws a `UsageError` that names the file, and the line if it is known. */
  get rules(): readonly FilterRule[] {
    return this.#rules ??= parseRules(readText(this.file), { action: this.#action, shown: shownName(this.file) });
  }
}

/** Returns the rules of the command line, with those in files. @throws {UsageError} */
export function readRules(rules: readonly (FilterRule | RuleFile)[]): FilterRule[] {
  return rules.flatMap((rule) => rule instanceof RuleFile ? rule.rules : [rule]);
}

/**
 * Parses lines. Empty lines and lines that start with "#" or ";" are ignored. "+ " before a pattern includes, "- " excludes.
 *
 * @throws {UsageError} naming the line.
 */
export function parseRules(
  text: string,
  { action, shown }: Pick<FilterRule, "action"> & { shown: string },
): FilterRule[] {
  return textLines(text).flatMap((rule, index): FilterRule[] => {
    if (rule === "" || rule.startsWith("#") || rule.startsWith(";")) return [];
    const [, sign, rest] = /^([+-]) (.*)$/s.exec(rule) ?? [];
    const pattern = rest ?? rule;
    try {
      check(pattern);
    } catch (cause) {
      if (!(cause instanceof UserError)) throw cause;
      throw new UsageError(`Cannot use ${shown}, line ${index + 1}: ${cause.message}`, { hint: cause.hint, cause });
    }
    return [{ action: sign === undefined ? action : sign === "+" ? "include" : "exclude", kind: "glob", pattern }];
  });
}

function check(pattern: string): void {
  if (pattern === "") throw new UserError("the pattern is missing");
  if (pattern.includes("\0")) {
    throw new UserError("the pattern has a NUL character", { hint: "Write the file as UTF-8, with one rule per line" });
  }
  if (pattern === "!") {
    throw new UserError('"!" would clear the rules before it, which escp does not support', {
      hint: 'Write "\\!" for a file of that name',
    });
  }
  checkPattern(pattern);
}

function shownName(file: string): string {
  return file === "-" ? "standard input" : quotePath(file);
}

function readText(file: string): string {
  try {
    // decodeName keeps bytes that are not UTF-8, as in the names that the patterns match.
    return decodeName(file === "-" ? readInput() : Deno.readFileSync(file));
  } catch (cause) {
    throw new UsageError(`Cannot read the rules in ${shownName(file)}: ${failureReason(cause)}`, { cause });
  }
}

function readInput(): Uint8Array {
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(64 << 10);
  for (let length = Deno.stdin.readSync(buffer); length !== null; length = Deno.stdin.readSync(buffer)) {
    pieces.push(buffer.slice(0, length));
  }
  return concat(pieces);
}
