/** Plans the directories whose unchanged files are linked to with `--link-dest`, before anything is copied. */

import { quotePath, UserError } from "../../../errors.ts";
import type { PathCalls } from "../../engine/engine.ts";
import type { LinkDestination } from "../../engine/target_root.ts";
import {
  baseName,
  componentsOf,
  directoryOf,
  isAbsolutePath,
  joinPath,
  withoutTrailingSlashes,
} from "../../path/local_path.ts";
import { expandTilde } from "../../path/tilde.ts";
import { unexpectedLink } from "../../stat/file_failure.ts";
import { identityOfStat } from "../../stat/file_identity.ts";
import { FileKind } from "../../stat/file_stat.ts";
import { forEachTarget, type PlannedRoots } from "./beside_targets.ts";
import type { TargetPlanOptions } from "./planned_source.ts";

type PlanOptions = Pick<TargetPlanOptions, "base" | "tilde" | "confinement">;

/**
 * Sets the `linkDestinations` of the roots.
 *
 * @param directories as the user typed them: absolute, or relative to the target directory.
 * @returns The directories that do not exist.
 * @throws {UserError} If a directory cannot be used.
 */
export function planLinkDestinations(
  directories: readonly string[],
  planned: PlannedRoots,
  options: PlanOptions,
  paths: PathCalls,
): string[] {
  const missing = new Set<string>();
  forEachTarget(planned, options, (root, base, below) => {
    root.linkDestinations = directories.flatMap((directory) => {
      const found = findDirectory(directory, base, options, paths);
      if (found === undefined) missing.add(directory);
      return found === undefined ? [] : destinationOf(joinPath(found, below), options, paths) ?? [];
    });
  });
  return [...missing];
}

/** Returns the path of a directory without symbolic links; undefined if it does not exist. */
function findDirectory(
  directory: string,
  base: string,
  { tilde, confinement }: PlanOptions,
  paths: PathCalls,
): string | undefined {
  const text = withoutTrailingSlashes(tilde ? expandTilde(directory, confinement?.home) : directory);
  const [target, file] = realTarget(base, paths);
  let full = text;
  let isBelow = false;
  if (!isAbsolutePath(text)) {
    full = target;
    // The target directory may not exist yet.
    const names = componentsOf(text);
    isBelow = names[0] !== "..";
    for (; names[0] === ".."; names.shift()) full = directoryOf(full);
    full = joinPath(full, names.join("/"));
  }
  confinement?.check("find", full, directory);
  const stat = paths.stat(full, { follow: true });
  if (!stat) return undefined;
  const shown = quotePath(directory);
  if (stat.kind !== FileKind.directory) throw new UserError(`Cannot link to files in ${shown}: Not a directory`);
  if (stat.dev !== file.dev) {
    throw new UserError(`Cannot link to files in ${shown}: it is on another file system than ${quotePath(base)}`, {
      hint: "Choose a --link-dest on the file system of the target",
    });
  }
  const real = paths.realPath(full);
  // Another sender may have created a link below the target. Its files must not become files of the target.
  if (isBelow && real !== full) throw unexpectedLink(full, "link to files in");
  return real;
}

/** Returns the path of a target directory without symbolic links, and the status of the part of it that exists. */
function realTarget(base: string, paths: PathCalls): [path: string, stat: { dev: number }] {
  const stat = paths.stat(base, { follow: true });
  if (stat || directoryOf(base) === base) return [paths.realPath(base), stat ?? { dev: 0 }];
  const [above, found] = realTarget(directoryOf(base), paths);
  return [joinPath(above, baseName(base)), found];
}

/** Returns undefined if the directory of the root does not exist there. */
function destinationOf(path: string, { confinement }: PlanOptions, paths: PathCalls): LinkDestination | undefined {
  const stat = paths.stat(path, { follow: false });
  if (stat?.kind !== FileKind.directory) return undefined;
  return { directory: path, identity: identityOfStat(stat), within: confinement?.root };
}
