/** Files that escp leaves in a target. */

import { walkSync as stdWalkSync } from "@std/fs/walk";

const walkSync: (root: string, options: { includeDirs: false; match: RegExp[] }) => Iterable<{ path: string }> =
  stdWalkSync;

/** Returns unfinished files of escp at any depth below the directory. */
export function temporaryFiles(directory: string): string[] {
  return Array.from(walkSync(directory, { includeDirs: false, match: [/\/\.escp-[^/]*$/] }), ({ path }) => path);
}

/** Returns the partial file below the directory; `undefined` if there is none. */
export function partialFile(directory: string): string | undefined {
  return temporaryFiles(directory).find((path) => path.endsWith(".part"));
}
