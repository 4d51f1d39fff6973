/** Files that escp leaves in a target. */

import { walkFilesSync } from "../../../scripts/walk_files.ts";

/** Returns unfinished files of escp at any depth below the directory. */
export function temporaryFiles(directory: string): string[] {
  return Array.from(walkFilesSync(directory, { match: /\/\.escp-[^/]*$/ }), ({ path }) => path);
}

/** Returns the partial file below the directory; `undefined` if there is none. */
export function partialFile(directory: string): string | undefined {
  return temporaryFiles(directory).find((path) => path.endsWith(".part"));
}
