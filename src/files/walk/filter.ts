/**
 * Selects the files of a tree that are copied: `--include`, `--exclude`, `--include-regex` and `--exclude-regex`, in the
 * order given. The first rule that matches decides; a file that no rule matches is copied. An excluded directory is not
 * entered, so rules that include files in it have no effect: a rule that includes the directories must come before
 * `--exclude '*'`.
 *
 * Rules match the path relative to the source, without a slash at either end: "a/b.c".
 *
 * - A glob without "/" matches the last component, at any depth: "*.o", ".git".
 * - A glob with "/" at the start or inside matches the whole path, relative to the source: "/build", "docs/*.md". One that
 *   starts with two stars and a slash matches at any depth.
 * - A glob that ends in "/" matches only directories, and so excludes all files in them: "node_modules/".
 * - A glob that ends in a slash and three stars matches a directory and everything in it, as with rsync.
 * - Two stars inside a component also match slashes, as with rsync. `portableRules` rewrites both for the peer.
 * - "*" and "?" match names that start with ".", unlike in a pattern for source operands.
 * - A regular expression is one of JavaScript with the flag "u", without backreferences. It matches anywhere in the path
 *   unless it starts with "^", and in linear time for any expression of a client.
 */

import { ProtocolError, quotePath, UsageError, UserError } from "../../errors.ts";
import * as shape from "../../protocol/control/shape.ts";
import { rewriteRsyncStars } from "../glob/rsync_stars.ts";
import { compileRule, type RuleTest } from "../glob/rule.ts";
import { LinearRegex } from "../regex/linear_regex.ts";
import { StateCache } from "../regex/state_cache.ts";

/** One rule. Plain data: may be sent to the peer. */
export interface FilterRule {
  action: "include" | "exclude";
  kind: "glob" | "regex";
  pattern: string;
}

/** Returns whether a path is copied: relative to the source, with "/", not "". Not called for the source itself. */
export type Filter = (path: string, isDirectory: boolean) => boolean;

/** Maximum number of rules of one job. */
const MAX_RULES = 1000;
/** Maximum number of characters of one rule. */
const MAX_RULE_CHARACTERS = 4096;
/** Maximum number of characters of all rules. */
const MAX_CHARACTERS = 64 << 10;
/** Maximum number of states of all regular expressions together, because each may take time per character. */
const MAX_REGEX_STATES = 100_000;

/**
 * Compiles rules into a filter.
 *
 * @throws {UsageError} For an invalid rule; the message contains its option.
 */
export function createFilter(rules: readonly FilterRule[]): Filter {
  checkSize(rules);
  const budget = { states: MAX_REGEX_STATES, cache: new StateCache() };
  const tests = rules.map((rule) => ({ included: rule.action === "include", test: compile(rule, budget) }));
  return (path, isDirectory) => tests.find(({ test }) => test(path, isDirectory))?.included ?? true;
}

/**
 * Returns rules of the user in the form in which they are sent: every version of escp reads their stars alike.
 *
 * @throws {UsageError} For an invalid glob; the message contains its option.
 */
export function portableRules(rules: readonly FilterRule[]): FilterRule[] {
  return rules.map((rule) => rule.kind === "glob" ? { ...rule, pattern: namingOption(rule, rewriteRsyncStars) } : rule);
}

/**
 * Parses rules from the peer. `createFilter` validates them.
 *
 * @throws {ProtocolError} Code "bad-message" for another shape, more than 1,000 rules or 4,096 characters in one.
 */
export function parseFilterRules(value: unknown): FilterRule[] {
  const rules = shape.list({ filter: value }, "filter", MAX_RULES, (item, name): FilterRule => {
    const fields = shape.asObject(item, name);
    return {
      action: shape.oneOf(fields, "action", ["include", "exclude"]),
      kind: shape.oneOf(fields, "kind", ["glob", "regex"]),
      pattern: shape.text(fields, "pattern", MAX_RULE_CHARACTERS),
    };
  });
  if (charactersOf(rules) > MAX_CHARACTERS) {
    throw new ProtocolError("bad-message", "Cannot accept a message from the peer: its filter is too long");
  }
  return rules;
}

/** Returns the option of a rule, such as "--exclude-regex". */
export function filterOption({ action, kind }: Omit<FilterRule, "pattern">): string {
  return `--${action}${kind === "regex" ? "-regex" : ""}`;
}

function checkSize(rules: readonly FilterRule[]): void {
  const long = rules.find((rule) => rule.pattern.length > MAX_RULE_CHARACTERS);
  if (long) {
    throw new UsageError(`Option "${filterOption(long)}" takes at most ${MAX_RULE_CHARACTERS} characters`);
  }
  if (rules.length > MAX_RULES || charactersOf(rules) > MAX_CHARACTERS) {
    throw new UsageError(
      `Cannot use ${rules.length} filter rules: at most ${MAX_RULES} rules with ${MAX_CHARACTERS} characters in total are allowed`,
    );
  }
}

function charactersOf(rules: readonly FilterRule[]): number {
  return rules.reduce((sum, rule) => sum + rule.pattern.length, 0);
}

/** Limits and cache that the regular expressions of a filter share. */
interface RegexBudget {
  /** Number of states that further expressions may have. */
  states: number;
  cache: StateCache;
}

function compile(rule: FilterRule, budget: RegexBudget): RuleTest {
  if (rule.pattern === "") throw new UsageError(`Option "${filterOption(rule)}" must not be empty`);
  return rule.kind === "regex" ? compileRegex(rule, budget) : namingOption(rule, compileRule);
}

/** @throws {UsageError} with the option of the rule, if `use` throws a `UserError`. */
function namingOption<Result>(rule: FilterRule, use: (pattern: string) => Result): Result {
  try {
    return use(rule.pattern);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw refuse(rule, error.message, { hint: error.hint, cause: error });
  }
}

function compileRegex(rule: FilterRule, budget: RegexBudget): RuleTest {
  try {
    const regex = new LinearRegex(rule.pattern, { maxStates: budget.states, cache: budget.cache });
    budget.states -= regex.states;
    return (path) => regex.test(path);
  } catch (cause) {
    if (cause instanceof UserError) throw refuseRegex(rule, cause.message, { hint: cause.hint, cause });
    if (!(cause instanceof SyntaxError)) throw cause;
    // The message repeats the expression, which may contain control characters.
    throw refuseRegex(rule, cause.message.slice(cause.message.lastIndexOf("/u: ") + 4), { cause });
  }
}

function refuseRegex(rule: FilterRule, reason: string, options: { hint?: string; cause: unknown }): UsageError {
  return refuse(rule, `Cannot use the regular expression ${quotePath(rule.pattern)}: ${reason}`, options);
}

function refuse(rule: FilterRule, message: string, options: { hint?: string; cause: unknown }): UsageError {
  return new UsageError(`Option "${filterOption(rule)}": ${message}`, options);
}
