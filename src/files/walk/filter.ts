/**
 * Which files of a tree are wanted: `--include`, `--exclude`, `--include-regex` and `--exclude-regex`, in the order
 * given. The first rule that matches decides; what none matches is wanted. A directory that is not wanted is not entered,
 * so that a rule which would let something in it through is never asked: before `--exclude '*'` there must be a rule
 * that includes the directories.
 *
 * Rules see the path relative to the source, without a slash at either end: "a/b.c".
 *
 * - A glob without "/" is for the last component, at any depth: "*.o", ".git".
 * - A glob with "/" at its start or inside is for the whole path, from the source on: "/build", "docs/*.md". One that
 *   starts with two stars and a slash is for any depth again.
 * - A glob that ends in "/" is for directories only, and so for all that is in them: "node_modules/".
 * - "*" and "?" match names that begin with "." too, other than in a pattern that names what to copy.
 * - A regular expression is one of JavaScript with the flag "u", without backreferences; it matches anywhere in the path
 *   unless it begins with "^". It matches in linear time, whatever the client sends.
 */

import { ProtocolError, quotePath, UsageError, UserError } from "../../errors.ts";
import * as shape from "../../protocol/control/shape.ts";
import { compileRule, type RuleTest } from "../glob/rule.ts";
import { LinearRegex } from "../regex/linear_regex.ts";
import { StateCache } from "../regex/state_cache.ts";

/** One rule. Plain data: may be sent to the other side. */
export interface FilterRule {
  action: "include" | "exclude";
  kind: "glob" | "regex";
  pattern: string;
}

/** Whether a path is wanted: relative to the source, with "/", not "". The source itself is not asked for. */
export type Filter = (path: string, isDirectory: boolean) => boolean;

/** Most rules of one job. */
const MAX_RULES = 1000;
/** Most characters of one rule. */
const MAX_RULE_CHARACTERS = 4096;
/** Most characters of all rules together. */
const MAX_CHARACTERS = 64 << 10;
/** Maximum number of states of all regular expressions together, because each may take time per character. */
const MAX_REGEX_STATES = 100_000;

/**
 * Makes a filter of rules.
 *
 * @throws {UsageError} for a rule that cannot be used; it names the option.
 */
export function createFilter(rules: readonly FilterRule[]): Filter {
  checkSize(rules);
  const budget = { states: MAX_REGEX_STATES, cache: new StateCache() };
  const tests = rules.map((rule) => ({ wanted: rule.action === "include", test: compile(rule, budget) }));
  return (path, isDirectory) => tests.find(({ test }) => test(path, isDirectory))?.wanted ?? true;
}

/**
 * Rules from the other side. Whether they can be used is told by `createFilter`.
 *
 * @throws {ProtocolError} code "bad-message" for another shape, more than 1,000 rules or 4,096 characters in one.
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
    throw new ProtocolError("bad-message", "Cannot accept a message from the other side: its filter is too long");
  }
  return rules;
}

/** The option that such a rule comes from: "--exclude-regex". */
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
      `Cannot filter by more than ${MAX_RULES} rules of ${MAX_CHARACTERS} characters together: there are ${rules.length}`,
    );
  }
}

function charactersOf(rules: readonly FilterRule[]): number {
  return rules.reduce((sum, rule) => sum + rule.pattern.length, 0);
}

/** What the regular expressions of a filter share. */
interface RegexBudget {
  /** Number of states that further expressions may have. */
  states: number;
  cache: StateCache;
}

function compile(rule: FilterRule, budget: RegexBudget): RuleTest {
  if (rule.pattern === "") throw new UsageError(`Option "${filterOption(rule)}" must not be empty`);
  return rule.kind === "regex" ? compileRegex(rule, budget) : compileGlob(rule);
}

function compileGlob(rule: FilterRule): RuleTest {
  try {
    return compileRule(rule.pattern);
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
    // The message repeats the expression, which may hold what no terminal should see.
    throw refuseRegex(rule, cause.message.slice(cause.message.lastIndexOf("/u: ") + 4), { cause });
  }
}

function refuseRegex(rule: FilterRule, reason: string, options: { hint?: string; cause: unknown }): UsageError {
  return refuse(rule, `Cannot use the regular expression ${quotePath(rule.pattern)}: ${reason}`, options);
}

function refuse(rule: FilterRule, message: string, options: { hint?: string; cause: unknown }): UsageError {
  return new UsageError(`Option "${filterOption(rule)}": ${message}`, options);
}
