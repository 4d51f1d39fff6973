/** What must hold of a target at every moment: whatever has its final name is whole, the old one or the new one. */

import { isPrivateName } from "../../src/files/path/private_names.ts";
import { compareFiles } from "../support/compare_trees.ts";

/**
 * Looks at every file below `to` that has a final name.
 *
 * @param sources directories whose files of the same relative path it may be: the new ones, and what was there before.
 * @returns one line for each file that is none of them; [] when all are whole.
 */
export function brokenFiles(to: string, ...sources: string[]): string[] {
  const broken: string[] = [];
  const look = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${to}${path}`)) {
      const inner = `${path}/${name}`;
      if (isDirectory) look(inner);
      else if (!isPrivateName(name)) {
        const differences = sources.map((source) => differenceOf(`${source}${inner}`, `${to}${inner}`));
        if (!differences.includes(undefined)) broken.push(`${inner}: ${differences.join("; ")}`);
      }
    }
  };
  look("");
  return broken;
}

function differenceOf(expected: string, actual: string): string | undefined {
  try {
    return compareFiles(expected, actual);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "is not there";
    throw error;
  }
}
