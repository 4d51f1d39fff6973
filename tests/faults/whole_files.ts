/** Every file of a target with its final name must be complete at any time, in its old or its new version. */

import { walkFilesSync } from "../../scripts/walk_files.ts";
import { isPrivateName } from "../../src/files/path/private_names.ts";
import { compareFiles } from "../support/files/compare_trees.ts";

/**
 * Compares each file below `to` that has a final name with the files of the same relative path in other directories.
 *
 * @param sources Directories with the new and the old versions.
 * @returns One line for each file that equals none of them.
 */
export function brokenFiles(to: string, ...sources: string[]): string[] {
  const broken: string[] = [];
  for (const { path, below, name } of walkFilesSync(to)) {
    if (isPrivateName(name)) continue;
    const differences = sources.map((source) => differenceOf(`${source}/${below}`, path));
    if (!differences.includes(undefined)) broken.push(`${below}: ${differences.join("; ")}`);
  }
  return broken;
}

function differenceOf(expected: string, actual: string): string | undefined {
  try {
    return compareFiles(expected, actual);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "does not exist";
    throw error;
  }
}
