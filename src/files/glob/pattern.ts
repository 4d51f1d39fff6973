/**
 * Patterns for paths: `*` `?` `[a-z]` `[!a-z]` `[[:alpha:]]` `{a,b}` and `**`; a backslash makes the next character
 * literal. A pattern with all its braces is parsed into one automaton, whose states are positions in its components. So
 * each directory is examined once, and no pattern takes exponential time.
 */

import { quotePath, UserError } from "../../errors.ts";
import { MAX_PATH_BYTES } from "../../protocol/limits.ts";
import { expandBraces, findUnclosedBrace } from "./braces.ts";
import { type Component, type ComponentOptions, matchComponent, parseComponent } from "./component.ts";

/** Maximum number of components of one alternative. */
const MAX_COMPONENTS = 1024;

/** End of an alternative. */
export interface PatternEnd {
  readonly kind: "end";
  /** Whether the alternative ends in "/": only directories match. */
  readonly directoriesOnly: boolean;
}

/** A parsed pattern. */
export interface GlobPattern {
  /** Pattern as the user typed it. */
  readonly text: string;
  /** Components of all alternatives, one after the other, each followed by its end. */
  readonly nodes: readonly (Component | PatternEnd)[];
  /** Positions of the alternatives that are relative paths. */
  readonly relative: readonly number[];
  /** Positions of the alternatives that are absolute paths. */
  readonly absolute: readonly number[];
}

/** Part of a pattern that states refer to. */
export type Nodes = Pick<GlobPattern, "nodes">;

/** Returns whether a text may match anything other than itself. */
export function hasGlob(text: string): boolean {
  return /[*?[{\\]/.test(text);
}

/**
 * Parses a pattern.
 *
 * @throws {UserError} For more than 65,535 characters, 1,024 components or 10,000 alternatives, and for an unknown class.
 * With `strict` also for an unclosed bracket or brace, which is literal otherwise.
 */
export function parseGlob(text: string, options: ComponentOptions = {}): GlobPattern {
  if (text.length > MAX_PATH_BYTES) {
    throw new UserError(
      `Cannot use a pattern of ${text.length} characters: at most ${MAX_PATH_BYTES} characters are allowed`,
    );
  }
  if (options.strict && findUnclosedBrace(text) >= 0) {
    throw refuse(text, new UserError('"{" is never closed', { hint: 'Write "\\{" for the character itself' }));
  }
  const builder = new PatternBuilder(text, options);
  for (const alternative of expandBraces(text)) builder.add(alternative);
  return builder;
}

class PatternBuilder implements GlobPattern {
  readonly text: string;
  readonly nodes: (Component | PatternEnd)[] = [];
  readonly relative: number[] = [];
  readonly absolute: number[] = [];
  readonly #options: ComponentOptions;

  constructor(text: string, options: ComponentOptions) {
    this.text = text;
    this.#options = options;
  }

  add(text: string): void {
    if (text === "") return;
    const start = this.nodes.length;
    const pieces = splitPattern(text);
    if (pieces.length > MAX_COMPONENTS) {
      throw refuse(this.text, new UserError(`it has more than ${MAX_COMPONENTS} components`));
    }
    try {
      for (const piece of pieces) {
        const component = parseComponent(piece, this.#options);
        // Two `**` in a row are equivalent to one.
        if (component.kind === "deep" && this.nodes.length > start && this.nodes.at(-1)!.kind === "deep") continue;
        this.nodes.push(component);
      }
      // A `**` at the end matches everything below a directory, but not the directory itself.
      if (this.nodes.length > start && this.nodes.at(-1)!.kind === "deep") {
        this.nodes.push(parseComponent("*", this.#options));
      }
    } catch (error) {
      throw error instanceof UserError ? refuse(this.text, error) : error;
    }
    this.nodes.push({ kind: "end", directoriesOnly: text.endsWith("/") });
    (text.startsWith("/") || text.startsWith("\\/") ? this.absolute : this.relative).push(start);
  }
}

/** Splits a pattern into components, with their backslashes. A slash separates even in brackets or after a backslash. */
export function splitPattern(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && at + 1 < text.length && text[at + 1] !== "/") piece += text[at++] + text[at];
    else if (text[at] === "/") {
      pieces.push(piece);
      piece = "";
    } else if (text[at] !== "\\" || at + 1 === text.length) piece += text[at];
  }
  pieces.push(piece);
  const parts = pieces.filter((it) => it !== "");
  // "./*" is equivalent to "*", but "./~" is not a home directory.
  while (parts.length > 1 && parts[0] === "." && !parts[1].startsWith("~")) parts.shift();
  return parts;
}

function refuse(text: string, { message, hint }: UserError): UserError {
  const shown = text.length > 200 ? text.slice(0, 200) + "…" : text;
  return new UserError(`Cannot use the pattern ${quotePath(shown)}: ${message}`, { hint });
}

/** Returns the states before the first name of alternatives. */
export function startStates(pattern: Nodes, starts: readonly number[]): number[] {
  const states = new Set<number>();
  for (const start of starts) enter(pattern, states, start);
  return [...states];
}

/**
 * Returns the states after one more name; none if neither the name nor a path below it matches.
 *
 * @param through Whether `**` enters this name; false for a symbolic link. Default: true.
 */
export function step(pattern: Nodes, states: readonly number[], name: string, through = true): number[] {
  // Most names do not match, and need no set.
  let next: Set<number> | undefined;
  for (const state of states) {
    const node = pattern.nodes[state];
    if (node.kind === "end" || (node.kind === "deep" && !through) || !matchComponent(node, name)) continue;
    next ??= new Set();
    enter(pattern, next, node.kind === "deep" ? state : state + 1);
  }
  return next ? [...next] : [];
}

/** Returns the kind of file that matches in these states; undefined if none matches. */
export function endOf(pattern: GlobPattern, states: readonly number[]): "any" | "directory" | undefined {
  let end: "directory" | undefined;
  for (const state of states) {
    const node = pattern.nodes[state];
    if (node.kind !== "end") continue;
    if (!node.directoriesOnly) return "any";
    end = "directory";
  }
  return end;
}

/** Adds a state. `**` also matches no directory, which adds the next state. */
function enter(pattern: Nodes, states: Set<number>, state: number): void {
  states.add(state);
  if (pattern.nodes[state].kind === "deep") states.add(state + 1);
}
