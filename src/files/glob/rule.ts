/** A pattern that chooses within a tree, instead of naming what is looked for. */

import { quotePath, UserError } from "../../errors.ts";
import { matchComponent } from "./component.ts";
import { endOf, type GlobPattern, parseGlob, startStates, step } from "./pattern.ts";

/** Whether a rule applies to a path: relative to the source, with "/", not "". */
export type RuleTest = (path: string, isDirectory: boolean) => boolean;

/**
 * Makes the test of a pattern. Without "/" it is for the last component at any depth, with "/" at its start or inside
 * for the whole path from the source on; with "/" at its end for directories only. Names that begin with "." are like others.
 *
 * @throws {UserError} for what cannot be parsed, and for what no path in a tree can match.
 */
export function compileRule(text: string): RuleTest {
  const pattern = parseGlob(text.startsWith("./") ? text.slice(1) : text, { dot: true, strict: true });
  const { nodes } = pattern;
  const starts = [...pattern.relative, ...pattern.absolute];
  if (starts.length === 0 || starts.some((start) => nodes[start].kind === "end")) {
    throw refuse(text, "it names nothing in the source");
  }
  if (nodes.some((node) => node.kind === "literal" && (node.name === "." || node.name === ".."))) {
    throw refuse(text, 'no path in a source has "." or ".." in it');
  }
  const isName = (start: number) => nodes[start].kind !== "deep" && nodes[start + 1].kind === "end";
  const names = nameTest(pattern, pattern.relative.filter(isName));
  const anchored = startStates(pattern, [...pattern.relative.filter((start) => !isName(start)), ...pattern.absolute]);
  if (anchored.length === 0) return names;
  return (path, isDirectory) => names(path, isDirectory) || matchesFrom(pattern, anchored, path, isDirectory);
}

/** For the rules that most are, asked for each of a million files: nothing is divided, nothing allocated. */
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
  return end === "any" || (end === "folder" && isDirectory);
}

function refuse(text: string, state: string): UserError {
  return new UserError(`Cannot use the pattern ${quotePath(text)}: ${state}`);
}
