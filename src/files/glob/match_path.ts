/** Whether a path is one that a pattern asks for: what the receiving side checks of all that the other side reports. */

import { matchComponent } from "./component.ts";
import { endOf, type GlobPattern, startStates, step } from "./pattern.ts";

/**
 * Whether the path matches, or is the text of the pattern itself, to which the other side falls back when nothing
 * matches. "./" at the start and doubled slashes make no difference; ".." matches only itself.
 */
export function matchesGlobPath(pattern: GlobPattern, path: string): boolean {
  return samePath(path, pattern.text) ||
    endOf(pattern, statesAfter(pattern, path)) !== undefined;
}

/** Whether the path matches, or a path below it could: a directory on the way. */
export function couldMatch(pattern: GlobPattern, path: string): boolean {
  return samePath(path, pattern.text) || statesAfter(pattern, path).length > 0;
}

/**
 * Whether this can be the last component of a path that matches, in the form in which a source is announced: "." stands
 * for the contents of a directory whose path ends in ".", ".." or "/".
 */
export function matchesGlobName(pattern: GlobPattern, name: string): boolean {
  const { nodes } = pattern;
  if (name === announced(namesOf(pattern.text).at(-1) ?? ".")) return true;
  return nodes.some((node, at) => {
    if (node.kind !== "end") return false;
    const last = nodes[at - 1];
    // The alternative "/" has no component.
    if (last === undefined || last.kind === "end") return name === ".";
    if (last.kind !== "literal") return matchComponent(last, name);
    if (last.name.startsWith("~") && pattern.relative.includes(at - 1)) {
      // A home directory, whose name only the other side knows.
      return true;
    }
    return name === announced(last.name);
  });
}

function announced(name: string): string {
  return name === ".." ? "." : name;
}

function statesAfter(pattern: GlobPattern, path: string): number[] {
  const names = namesOf(path);
  if (path.startsWith("/")) return statesOf(pattern, "absolute", names);
  // "./" is kept in few patterns, and put before few paths.
  return [...statesOf(pattern, "relative", names), ...statesOf(pattern, "relative", [".", ...names])];
}

function statesOf(pattern: GlobPattern, kind: "relative" | "absolute", names: readonly string[]): number[] {
  let states = startStates(pattern, pattern[kind]);
  for (const name of names) {
    if (states.length === 0) break;
    states = step(pattern, states, name);
  }
  return states;
}

function samePath(a: string, b: string): boolean {
  return a.startsWith("/") === b.startsWith("/") && namesOf(a).join("/") === namesOf(b).join("/");
}

/** The names in a path, without "." at the start unless it is all there is. */
function namesOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  const from = names.findIndex((name) => name !== ".");
  return from === -1 ? names.slice(-1) : names.slice(from);
}
