/** Plans where replaced files are kept with `--backup-dir`, before anything is copied. */

import { quotePath, UserError } from "../../../errors.ts";
import type { PathCalls } from "../../engine/engine.ts";
import type { BackupPlace } from "../../engine/target_root.ts";
import {
  baseName,
  componentsOf,
  directoryOf,
  isAbsolutePath,
  joinPath,
  withoutTrailingSlashes,
} from "../../path/local_path.ts";
import { nameKey } from "../../path/name_rules.ts";
import { expandTilde } from "../../path/tilde.ts";
import { unexpectedLink } from "../../stat/file_failure.ts";
import { identityOfStat, isSameFile } from "../../stat/file_identity.ts";
import { FileKind } from "../../stat/file_stat.ts";
import { forEachTarget, type PlannedRoots } from "./beside_targets.ts";
import type { TargetPlanOptions } from "./planned_source.ts";
import { missingDirectories } from "../root_directories.ts";

/** The request of the user. */
export interface BackupRequest {
  /** As in `BackupNaming`. */
  suffix: string;
  /** Directory of the backups: absolute, or relative to the target directory. */
  directory: string;
}

type PlanOptions = Pick<TargetPlanOptions, "base" | "tilde" | "confinement" | "rules">;

/**
 * Sets the `backups` of the roots whose targets exist.
 *
 * @throws {UserError} If the directory cannot be used.
 */
export function planBackups(
  request: BackupRequest,
  planned: PlannedRoots,
  options: PlanOptions,
  paths: PathCalls,
): void {
  const known = new Map<string, BackupPlace | undefined>();
  forEachTarget(planned, options, (root, directory, below) => {
    if (!known.has(directory)) known.set(directory, findPlace(request, directory, options, paths));
    const found = known.get(directory);
    if (found) root.backups = { ...found, below: joinPath(found.below, below) };
  });
}

/** Returns the place of the backups of a target directory; undefined if there is no such directory. */
function findPlace(
  { suffix, directory }: BackupRequest,
  base: string,
  { tilde, confinement, rules }: PlanOptions,
  paths: PathCalls,
): BackupPlace | undefined {
  const target = paths.stat(base, { follow: true });
  if (target?.kind !== FileKind.directory) return undefined;
  const text = withoutTrailingSlashes(tilde ? expandTilde(directory, confinement?.home) : directory);
  const isAbsolute = isAbsolutePath(text);
  const full = isAbsolute ? text : joinPath(paths.realPath(base), text);
  confinement?.check("create", full, directory);
  const missing = missingDirectories(full, directory, paths, rules);
  const existing = missing.length > 0 ? directoryOf(missing[0]) : full;
  const real = paths.realPath(existing);
  // Another sender may have created a link below the target, which nothing must be written through.
  if (!isAbsolute && simplified(real) !== simplified(existing)) throw unexpectedLink(existing);
  const stat = paths.stat(real, { follow: true })!;
  const shown = quotePath(directory);
  if (stat.dev !== target.dev) {
    throw new UserError(`Cannot keep backups in ${shown}: it is on another file system than ${quotePath(base)}`, {
      hint: "Choose a --backup-dir on the file system of the target",
    });
  }
  const identity = identityOfStat(stat);
  if (suffix === "" && missing.length === 0 && isSameFile(identity, target)) {
    throw new UserError(`Cannot keep backups in ${shown}: it is the target directory`, {
      hint: "Choose another --backup-dir, or add --suffix",
    });
  }
  const below = missing.map((path) => baseName(path)).join("/");
  return { directory: real, identity, within: confinement?.root, below };

  /** Returns a key of an absolute path without "." and "..". */
  function simplified(path: string): string {
    const names: string[] = [];
    for (const name of componentsOf(path)) {
      if (name === "..") names.pop();
      else names.push(name);
    }
    return nameKey(names.join("/"), rules);
  }
}
