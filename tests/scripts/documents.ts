/** Reading the Markdown documents of the project. */

import { fromFileUrl } from "@std/path";
import { walkFiles } from "../../scripts/walk_files.ts";

/** Directories that are not part of the project. */
const IGNORED = /\/(dist|node_modules|\.git)$/;

/** Returns the paths of all Markdown files, relative to the root, sorted. */
export async function documentPaths(root: URL): Promise<string[]> {
  const files = await Array.fromAsync(walkFiles(fromFileUrl(root), { match: /\.md$/, skip: IGNORED }));
  return files.map(({ below }) => below).sort();
}

/** Returns the targets of all inline links outside of code, with their lines, starting at 1. */
export function findLinks(text: string): { line: number; target: string }[] {
  return withoutCode(text).flatMap((content, index) =>
    [...content.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map(([, target]) => ({ line: index + 1, target }))
  );
}

/** Returns the anchors of all headings, as GitHub and others name them. */
export function findAnchors(text: string): string[] {
  const counts = new Map<string, number>();
  return text.split("\n").filter(outsideOfFences()).flatMap((line) => {
    const heading = /^#{1,6} +(.*)$/.exec(line)?.[1];
    if (heading === undefined) return [];
    const words = heading.replace(/\]\([^)]*\)/g, "").toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    return [count === 0 ? anchor : `${anchor}-${count}`];
  });
}

/** Returns the table cells that are longer than `max` characters, without their padding. */
export function findWideCells(text: string, max: number): { line: number; length: number }[] {
  return text.split("\n").flatMap((content, index) => {
    if (!/^\s*\|.*\|\s*$/.test(content)) return [];
    const cells = content.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().length);
    return cells.filter((length) => length > max).map((length) => ({ line: index + 1, length }));
  });
}

/** Returns the links to test files, each with the quoted names of suites and cases after its colon. */
export function findNamedTests(text: string): { file: string; names: string[] }[] {
  const link = /\]\(([^)\s]+_test\.ts)\)(?::((?:,?\s+"[^"]+")+))?/g;
  return Array.from(text.matchAll(link), ([, file, quoted = ""]) => ({
    file,
    names: Array.from(quoted.matchAll(/"([^"]+)"/g), ([, name]) => name.replace(/\s+/g, " ")),
  }));
}

/** Returns the names of the suites and cases of a test file, with "…" in place of values. */
export function testNames(text: string): string[] {
  const calls = text.replace(/\$\{[^{}]*\}/g, "…").matchAll(/\b(?:it|describe)\w*(?:\.\w+)?\(\s*(["`])((?:(?!\1).)*)/g);
  return Array.from(calls, ([, , name]) => name);
}

/** Returns the lines, those in fences empty and without code in backquotes. */
function withoutCode(text: string): string[] {
  const isOutside = outsideOfFences();
  return text.split("\n").map((line) => isOutside(line) ? line.replace(/`[^`]*`/g, "") : "");
}

function outsideOfFences(): (line: string) => boolean {
  let fenced = false;
  return (line) => {
    const isFence = line.trimStart().startsWith("```");
    if (isFence) fenced = !fenced;
    return !fenced && !isFence;
  };
}
