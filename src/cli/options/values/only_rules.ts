/** `--only`: the filter rules that copy just the matching files. Every version of escp has these rules. */

import { UsageError, UserError } from "../../../errors.ts";
import { checkPattern } from "../../../files/glob/rsync_stars.ts";
import type { FilterRule } from "../../../files/walk/filter.ts";

/**
 * Returns rules for the end of a list: the globs, all directories, and nothing else. A glob that ends in "/" also selects
 * everything in the directory.
 *
 * @throws {UsageError} for an invalid glob.
 */
export function onlyRules(globs: readonly string[]): FilterRule[] {
  if (globs.length === 0) return [];
  globs.forEach(check);
  const included = globs.flatMap((glob) => glob.endsWith("/") ? [glob, contentsOf(glob)] : [glob]);
  return [
    ...[...included, "*/"].map((pattern): FilterRule => ({ action: "include", kind: "glob", pattern })),
    { action: "exclude", kind: "glob", pattern: "*" },
  ];
}

/** Returns the glob of everything in a directory. Without another slash, the directory may be at any depth. */
function contentsOf(glob: string): string {
  return glob.slice(0, -1).includes("/") ? `${glob}**` : `**/${glob}**`;
}

function check(glob: string): void {
  try {
    checkPattern(glob);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UsageError(`Option "--only": ${error.message}`, { hint: error.hint, cause: error });
  }
}
