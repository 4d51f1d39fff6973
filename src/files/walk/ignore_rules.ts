/** The lines of a `.gitignore` file, by the rules of gitignore(5). */

import { UserError } from "../../errors.ts";
import { MAX_NAME_BYTES } from "../../protocol/limits.ts";
import { type Component, matchComponent, searchSteps } from "../glob/component.ts";
import { type Nodes, type PatternEnd, startStates, step } from "../glob/pattern.ts";
import { type ParsedRule, parseRule } from "../glob/rule.ts";

/** Cost of rules, of one file or of all files that apply to a path. */
export interface RuleCost {
  rules: number;
  /** UTF-16 units of their patterns. */
  characters: number;
  /** Maximum number of comparisons per character of a name, in the search between stars. */
  searchSteps: number;
}

/** A rule for names at any depth. */
interface NameRule {
  readonly rule: number;
  readonly component: Component;
  readonly directoriesOnly: boolean;
}

/**
 * The rules of a file. They follow a walk: states are what rules have matched of the path to a directory. So each directory
 * and each entry takes time for its own name, and not for the path to it.
 */
export class IgnoreRules implements Nodes {
  readonly nodes: (Component | PatternEnd)[] = [];
  readonly cost: RuleCost = { rules: 0, characters: 0, searchSteps: 0 };
  /** Whether each rule ignores. */
  readonly #ignores: boolean[] = [];
  /** Rules for names, in their order. */
  readonly #names: NameRule[] = [];
  /** The rule of each end in `nodes`. */
  readonly #ruleOf = new Map<number, number>();
  readonly #starts: number[] = [];

  /** Adds a line. A line that cannot match anything is skipped, as by git. */
  add(line: string): void {
    if (line === "" || line.startsWith("#")) return;
    const ignores = !line.startsWith("!");
    const pattern = withoutSpaces(ignores ? line : line.slice(1));
    const parsed = matchesNothing(pattern) ? undefined : parse(pattern);
    if (!parsed) return;
    const rule = this.#ignores.push(ignores) - 1;
    const { pattern: { nodes }, names } = parsed;
    // Braces are literal, so each rule has one alternative.
    if (names.length > 0) this.#addName(rule, nodes);
    // "**/name" is equivalent to "name", which takes no states.
    else if (nodes.length === 3 && nodes[0].kind === "deep") this.#addName(rule, nodes.slice(1));
    else this.#addPath(rule, nodes);
    this.cost.rules++;
    this.cost.characters += pattern.length;
    for (const node of nodes) if (node.kind !== "end") this.cost.searchSteps += searchSteps(node);
  }

  /** Returns the states in the directory of the file. */
  start(): readonly number[] {
    return startStates(this, this.#starts);
  }

  /** Returns the states in a directory. @param states those in its parent. */
  enter(states: readonly number[], name: string): readonly number[] {
    return step(this, states, name);
  }

  /**
   * Returns whether the rules ignore an entry; undefined if none matches. The last rule that matches decides.
   *
   * @param states those in its directory.
   */
  test(states: readonly number[], name: string, isDirectory: boolean): boolean | undefined {
    let last = -1;
    for (const state of states.length > 0 ? step(this, states, name) : states) {
      const node = this.nodes[state];
      if (node.kind === "end" && (isDirectory || !node.directoriesOnly)) {
        last = Math.max(last, this.#ruleOf.get(state)!);
      }
    }
    for (let at = this.#names.length - 1; at >= 0 && this.#names[at].rule > last; at--) {
      const { rule, component, directoriesOnly } = this.#names[at];
      if ((isDirectory || !directoriesOnly) && matchComponent(component, name)) last = rule;
    }
    return last < 0 ? undefined : this.#ignores[last];
  }

  #addName(rule: number, [component, end]: ParsedRule["pattern"]["nodes"]): void {
    if (component.kind === "end" || end.kind !== "end") throw new Error("Not a pattern for names");
    this.#names.push({ rule, component, directoriesOnly: end.directoriesOnly });
  }

  #addPath(rule: number, nodes: ParsedRule["pattern"]["nodes"]): void {
    this.#starts.push(this.nodes.length);
    for (const node of nodes) this.nodes.push(node);
    this.#ruleOf.set(this.nodes.length - 1, rule);
  }
}

/** Returns undefined for a pattern that matches nothing. */
function parse(pattern: string): ParsedRule | undefined {
  try {
    const parsed = parseRule(withLiteralBraces(pattern));
    return parsed.pattern.nodes.some(isTooLong) ? undefined : parsed;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Returns whether a component is longer than every name. */
function isTooLong(node: Component | PatternEnd): boolean {
  if (node.kind === "literal") return node.name.length > MAX_NAME_BYTES;
  return node.kind === "wild" && node.minCharacters > MAX_NAME_BYTES;
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
