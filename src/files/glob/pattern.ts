/**
 * Patterns for paths: `*` `?` `[a-z]` `[!a-z]` `[[:alpha:]]` `{a,b}` and `**`, a backslash before a character that
 * stands for itself. A pattern is parsed once; what it stands for with all its braces is one machine, whose states are
 * places in its components, so that a directory is looked at once and no pattern takes exponential time.
 */

import { quotePath, UserError } from "../../errors.ts";
import { MAX_PATH_BYTES } from "../../protocol/limits.ts";
import { expandBraces, findUnclosedBrace } from "./braces.ts";
import { type Component, type ComponentOptions, matchComponent, parseComponent } from "./component.ts";

/** Most components of one pattern. */
const MAX_COMPONENTS = 1024;

/** Where a pattern ends. */
export interface PatternEnd {
  readonly kind: "end";
  /** Whether it ended in "/": only directories match. */
  readonly directoriesOnly: boolean;
}

/** A parsed pattern. */
export interface GlobPattern {
  /** As it was typed. */
  readonly text: string;
  /** The components of all alternatives, one alternative behind the other, each closed by its end. */
  readonly nodes: readonly (Component | PatternEnd)[];
  /** Where the alternatives start that are relative paths. */
  readonly relative: readonly number[];
  /** Where the alternatives start that are absolute paths. */
  readonly absolute: readonly number[];
}

/** Whether the text may stand for anything but itself. */
export function hasGlob(text: string): boolean {
  return /[*?[{\\]/.test(text);
}

/** A pattern that matches this text and nothing else. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]{},\\]/g, "\\$&");
}

/**
 * Parses a pattern.
 *
 * @throws {UserError} for more than 65,535 characters, 1,024 components, 10,000 alternatives, an unknown class, and with
 * `strict` for a bracket or brace that is never closed, which otherwise stands for itself.
 */
export function parseGlob(text: string, options: ComponentOptions = {}): GlobPattern {
  if (text.length > MAX_PATH_BYTES) throw new UserError(`Cannot use a pattern of ${text.length} characters`);
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
        // Two in a row mean the same as one.
        if (component.kind === "deep" && this.nodes.length > start && this.nodes.at(-1)!.kind === "deep") continue;
        this.nodes.push(component);
      }
      // At the end it means all that is below, at any depth, and not the directory itself.
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

/** The components, backslashes kept. A slash divides wherever it stands: no bracket and no backslash holds it. */
function splitPattern(text: string): string[] {
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
  // "./*" means "*"; but "./~" is not a home directory.
  while (parts.length > 1 && parts[0] === "." && !parts[1].startsWith("~")) parts.shift();
  return parts;
}

function refuse(text: string, { message, hint }: UserError): UserError {
  const shown = text.length > 200 ? text.slice(0, 200) + "…" : text;
  return new UserError(`Cannot use the pattern ${quotePath(shown)}: ${message}`, { hint });
}

/** The states before the first name, for alternatives that start here. */
export function startStates(pattern: GlobPattern, starts: readonly number[]): number[] {
  const states = new Set<number>();
  for (const start of starts) enter(pattern, states, start);
  return [...states];
}

/**
 * The states after one more name. None means that nothing in this directory or below it matches.
 *
 * @param through Whether `**` goes on through this name: not through a symbolic link. Default true.
 */
export function step(pattern: GlobPattern, states: readonly number[], name: string, through = true): number[] {
  // Most names match nothing: no set is made for them.
  let next: Set<number> | undefined;
  for (const state of states) {
    const node = pattern.nodes[state];
    if (node.kind === "end" || (node.kind === "deep" && !through) || !matchComponent(node, name)) continue;
    next ??= new Set();
    enter(pattern, next, node.kind === "deep" ? state : state + 1);
  }
  return next ? [...next] : [];
}

/** What a path in these states must be to match; undefined when it does not. */
export function endOf(pattern: GlobPattern, states: readonly number[]): "any" | "folder" | undefined {
  let end: "folder" | undefined;
  for (const state of states) {
    const node = pattern.nodes[state];
    if (node.kind !== "end") continue;
    if (!node.directoriesOnly) return "any";
    end = "folder";
  }
  return end;
}

/** `**` may also stand for no directory at all. */
function enter(pattern: GlobPattern, states: Set<number>, state: number): void {
  states.add(state);
  if (pattern.nodes[state].kind === "deep") states.add(state + 1);
}
