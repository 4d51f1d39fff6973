/** Matches paths against a pattern: the receiver checks every path that the peer reports. */

import { matchComponent } from "./component.ts";
import { endOf, type GlobPattern, startStates, step } from "./pattern.ts";

/**
 * Returns whether a path matches, or is the text of the pattern, which the peer uses if nothing matches. "./" at the start
 * and repeated slashes are ignored; ".." matches only itself.
 */
export function matchesGlobPath(pattern: GlobPattern, path: string): boolean {
  return samePath(path, pattern.text) ||
    endOf(pattern, statesAfter(pattern, path)) !== undefined;
}

/**
 * Returns whether a name can be the last component of a matching path, in the form in which a source is announced: "." for
 * the contents of a directory whose path ends in ".", ".." or "/".
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
      // Only the peer knows the name of a home directory.
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
  // Some patterns and some paths start with "./".
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

/** Returns the names in a path, without "." at the start unless it is the only name. */
function namesOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  const from = names.findIndex((name) => name !== ".");
  return from === -1 ? names.slice(-1) : names.slice(from);
}
