/** Sources of which only some paths are copied: those in a list, or operands that keep their paths. */

import type { PathCalls } from "../../../files/engine/engine.ts";
import { ListedPaths } from "../../../files/walk/listed_paths.ts";
import type { CopyJob } from "../../../protocol/control/job.ts";
import type { Failure } from "../../../protocol/failure.ts";
import type { RequestedSource } from "../../requested_sources.ts";
import { withRelative } from "./relative.ts";
import { type FindOptions, findSources, type ResolvedSources } from "./resolved.ts";

/** Sources, and the paths in them that are copied. */
export interface ListedSources extends ResolvedSources {
  /** By root. Default: everything in each root. */
  listed?: ListedPaths[];
}

/** How the job selects paths in its sources. */
export interface PathSelection extends Pick<CopyJob, "listed" | "relative"> {
  /** Paths of a list. */
  paths: readonly string[];
}

/** Finds the sources of a job. Parameters and errors are those of `findSources`. */
export async function findJobSources(
  operands: readonly RequestedSource[],
  { listed, relative, paths: list }: PathSelection,
  options: FindOptions,
  paths: PathCalls,
  failed: (failure: Failure) => void | Promise<void>,
): Promise<ListedSources> {
  if (relative) {
    const found = await findSources(
      operands,
      { ...options, recursive: relative === "deep", relative: true },
      paths,
      failed,
    );
    return await withRelative(found, { ...options, depth: relative }, paths, failed);
  }
  const found = await findSources(operands, options, paths, failed);
  if (!listed) return found;
  if (found.roots.length <= 1) return await withList(found, list, listed);
  // The paths of all directories would have the same names in the target.
  const message = `Cannot use --files-from: the source matches ${found.roots.length} directories`;
  await failed({ code: "EINVAL", path: "", message, hint: "Name one directory" });
  return { ...found, roots: [], notFound: found.notFound + 1 };
}

/** Returns directories with the listed paths in each of them. */
async function withList(
  found: ResolvedSources,
  paths: readonly string[],
  depth: "flat" | "deep",
): Promise<ListedSources> {
  const tree = await ListedPaths.from(paths, { deep: depth === "deep" });
  // The path ends in "/.", because the contents of the directory are copied. Messages omit it.
  const roots = found.roots.map((root) => ({
    ...root,
    path: root.path.replace(/(.)\/\.$/s, "$1"),
    trees: depth === "deep" ? undefined : [],
  }));
  return { ...found, roots, listed: roots.map(() => tree) };
}
