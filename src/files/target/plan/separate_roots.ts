/** Finds sources that are written into the target of another source. */

import { FileError, quotePath, UserError } from "../../../errors.ts";
import type { PathCalls } from "../../engine/engine.ts";
import type { TargetRoot } from "../../engine/target_root.ts";
import { baseName, directoryOf, joinPath } from "../../path/local_path.ts";
import { isSameFile } from "../../stat/file_identity.ts";
import { targetText } from "../name.ts";
import { foldedPath } from "../../path/folded_path.ts";

/** Refuses roots of which one contains another: a file of one source could replace that of another. @throws {UserError} */
export function checkSeparate(roots: readonly TargetRoot[], paths: PathCalls): void {
  if (roots.length < 2) return;
  const places = roots.map((root) => `${foldedPath(realPathOf(targetText(root, ""), paths)).replace(/\/+$/, "")}/`);
  const sorted = places.map((place, index) => ({ place, index })).sort((a, b) => a.place < b.place ? -1 : 1);
  const identities = new Map<string, TargetRoot>();
  // A place is directly before those that it contains.
  let last: string | undefined;
  for (const { place, index } of sorted) {
    const root = roots[index];
    if (last !== undefined && place.startsWith(last)) throw notSeparate(root);
    last = place;
    if (root.kind !== "folder" || !root.identity) continue;
    const { dev, inode } = root.identity;
    const key = `${dev}:${inode}`;
    const other = identities.get(key);
    if (other?.kind === "folder" && other.identity && isSameFile(other.identity, root.identity)) {
      throw notSeparate(root);
    }
    identities.set(key, root);
  }
}

/** Returns a path without symbolic links, if it or its directory exists. */
function realPathOf(path: string, paths: PathCalls): string {
  for (const [existing, rest] of [[path, ""], [directoryOf(path), baseName(path)]]) {
    try {
      return joinPath(paths.realPath(existing), rest);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }
  return path;
}

function notSeparate(root: TargetRoot): UserError {
  return new UserError(`Cannot move several sources to ${quotePath(targetText(root, ""))}: one could replace another`, {
    hint: "Move them one after the other, or omit --remove-source-files",
  });
}
