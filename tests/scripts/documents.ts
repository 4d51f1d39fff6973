/** Reading the Markdown documents of the project. */

/** Directories that are not part of the project. */
const IGNORED = new Set(["dist", "node_modules", ".git"]);

/** Returns the paths of all Markdown files, relative to the root, sorted. */
export async function documentPaths(root: URL): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (directory: string) => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(directory || ".", root))) {
      if (isDirectory && !IGNORED.has(name)) await walk(`${directory}${name}/`);
      else if (name.endsWith(".md")) paths.push(directory + name);
    }
  };
  await walk("");
  return paths.sort();
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
