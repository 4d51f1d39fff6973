/** Sources of which only listed paths are copied. */

import { ListedPaths } from "../../files/walk/listed_paths.ts";
import type { CopyJob } from "../../protocol/control/job.ts";
import type { ResolvedSources } from "./resolved_sources.ts";

/** Sources, and the paths in them that are copied. */
export interface ListedSources extends ResolvedSources {
  /** By root. */
  listed: ListedPaths[];
}

/** Returns directories with the listed paths in each of them. */
export function withListed(
  found: ResolvedSources,
  paths: Iterable<string>,
  depth: NonNullable<CopyJob["listed"]>,
): ListedSources {
  const tree = new ListedPaths(paths, { deep: depth === "deep" });
  // The path ends in "/.", because the contents of the directory are copied. Messages omit it.
  const roots = found.roots.map((root) => ({ ...root, path: root.path.replace(/(.)\/\.$/s, "$1") }));
  return { ...found, roots, listed: roots.map(() => tree) };
}
