import { walkSync } from "@std/fs/walk";
import { relative } from "@std/path";

/** Returns the sorted paths of all entries below a directory, relative to it. Links are not followed. */
export function pathsIn(directory: string): string[] {
  return Array.from(walkSync(directory), ({ path }) => relative(directory, path)).filter((path) => path !== "").sort();
}
