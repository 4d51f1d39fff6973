/** Patterns of filter rules, which select files within a tree. */

import { quotePath, UserError } from "../../errors.ts";
import { matchComponent } from "./component.ts";
import { endOf, type GlobPattern, parseGlob, startStates, step } from "./pattern.ts";

/** Returns whether a rule applies to a path: relative to the source, with "/", not "". */
export type RuleTest = (path: string, isDirectory: boolean) => boolean;

/** A parsed pattern. */
export interface ParsedRule {
  readonly pattern: GlobPattern;
  /** Positions of the alternatives that match the last component at any depth. */
  readonly names: readonly number[];
  /** Positions of the alternatives that match the whole path. */
  readonly paths: readonly number[];
}

/**
 * Parses a pattern. Without "/" it matches the last component at any depth. With "/" at the start or inside it matches the
 * whole path, relative to the source. With "/" at the end it matches only directories. A "." at the start of a name is not
 * special.
 *
 * @throws {UserError} If the pattern is invalid, or no path in a tree can match it.
 */
export function parseRule(text: string): ParsedRule {
  const pattern = parseGlob(text.startsWith("./") ? text.slice(1) : text, { dot: true, strict: true });
  const { nodes } = pattern;
  const starts = [...pattern.relative, ...pattern.absolute];
  if (starts.length === 0 || starts.some((start) => nodes[start].kind === "end")) {
    throw refuse(text, "it names nothing in the source");
  }
  if (nodes.some((node) => node.kind === "literal" && (node.name === "." || node.name === ".."))) {
    throw refuse(text, 'no path in a source contains "." or ".."');
  }
  const isName = (start: number) => nodes[start].kind !== "deep" && nodes[start + 1].kind === "end";
  return {
    pattern,
    names: pattern.relative.filter(isName),
    paths: [...pattern.relative.filter((start) => !isName(start)), ...pattern.absolute],
  };
}

/** Compiles a pattern. Parameters and errors are those of `parseRule`. */
export function compileRule(text: string): RuleTest {
  const { pattern, names: nameStarts, paths } = parseRule(text);
  const names = nameTest(pattern, nameStarts);
  if (paths.length === 0) return names;
  const states = startStates(pattern, paths);
  return (path, isDirectory) => names(path, isDirectory) || matchesFrom(pattern, states, path, isDirectory);
}

/** Returns the test of the most frequent rules. It runs for each of millions of files, and splits and allocates nothing. */
function nameTest({ nodes }: GlobPattern, starts: readonly number[]): RuleTest {
  const tests = starts.map((start) => {
    const [component, end] = [nodes[start], nodes[start + 1]];
    if (component.kind === "end" || end.kind !== "end") throw new Error("Not the start of a single component");
    return { component, directoriesOnly: end.directoriesOnly };
  });
  return (path, isDirectory) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    for (const { component, directoriesOnly } of tests) {
      if ((isDirectory || !directoriesOnly) && matchComponent(component, name)) return true;
    }
    return false;
  };
}

function matchesFrom(pattern: GlobPattern, from: readonly number[], path: string, isDirectory: boolean): boolean {
  let states = from;
  for (let start = 0, end = 0; end !== -1; start = end + 1) {
    end = path.indexOf("/", start);
    states = step(pattern, states, end === -1 ? path.slice(start) : path.slice(start, end));
    if (states.length === 0) return false;
  }
  const end = endOf(pattern, states);
  return end === "any" || (end === "directory" && isDirectory);
}

function refuse(text: string, reason: string): UserError {
  return new UserError(`Cannot use the pattern ${quotePath(text)}: ${reason}`);
}
