/** Finds the target directories that directories of other options are relative to. */

import type { TargetRoot } from "../../engine/target_root.ts";
import { withoutTrailingSlashes } from "../../path/local_path.ts";
import { fullPath } from "./plan.ts";
import type { PlannedSource, TargetPlanOptions } from "./planned_source.ts";

/** A plan and its sources. */
export interface PlannedRoots {
  roots: readonly TargetRoot[];
  /** Sources of the roots. */
  sources: readonly PlannedSource[];
  /** Common target of the sources. */
  target: string;
}

/** A root that is not a device. */
export type WrittenRoot = Exclude<TargetRoot, { kind: "device" }>;

/**
 * Calls an action for each root that is not a device.
 *
 * @param action Gets the root, the absolute path of its target directory, and the path of the directory of the root below it.
 */
export function forEachTarget(
  { roots, sources, target }: PlannedRoots,
  options: Pick<TargetPlanOptions, "base" | "tilde" | "confinement">,
  action: (root: WrittenRoot, directory: string, below: string) => void,
): void {
  roots.forEach((root, index) => {
    if (root.kind === "device") return;
    if (root.kind === "file") return action(root, root.directory, "");
    const { name, target: own = target } = sources[index];
    const bare = withoutTrailingSlashes(fullPath(own, options));
    action(root, bare, root.path === bare ? "" : name);
  });
}
