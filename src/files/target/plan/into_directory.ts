/** Plans sources whose target is a directory. */

import type { PathCalls } from "../../engine/engine.ts";
import type { TargetRoot } from "../../engine/target_root.ts";
import { joinPath } from "../../path/local_path.ts";
import { misnamed, type NameRules, problemOfName } from "../../path/name_rules.ts";
import { isPrivateName } from "../../path/private_names.ts";
import { failedWith, unexpectedLink } from "../../stat/file_failure.ts";
import { type FileIdentity, identityOfStat, swapped } from "../../stat/file_identity.ts";
import { FileKind } from "../../stat/file_stat.ts";
import { followLinkPath } from "../directory_links.ts";
import { statNameable } from "../name.ts";
import type { PlannedSource, TargetPlanOptions } from "./planned_source.ts";

/** Plans the root of a source in an existing directory. */
export function intoDirectory(
  source: PlannedSource,
  { path: directory, identity }: { path: string; identity: FileIdentity | undefined },
  paths: PathCalls,
  { rules, dirlinks, confinement }: Pick<TargetPlanOptions, "rules" | "dirlinks" | "confinement">,
): TargetRoot {
  if (source.name === "." && source.kind === "folder") {
    return { kind: "folder", path: directory, created: false, identity };
  }
  const path = joinPath(directory, source.name);
  if (isPrivateName(source.name)) {
    // Each record is refused when it arrives, and the others are accepted.
    return source.kind === "folder"
      ? { kind: "folder", path, created: false, refused: true }
      : { kind: "file", directory, name: source.name, refused: true };
  }
  const problem = problemOfName(source.name, rules);
  if (problem !== undefined) {
    if (source.kind === "folder") throw misnamed(path, problem);
    // Not examined, because the system would find another file. Writing it fails, and the others are copied.
    return { kind: "file", directory, name: source.name, identity };
  }
  const stat = source.kind === "file" ? statNameable(path, paths, false) : paths.stat(path, { follow: false });
  if (source.kind === "file") {
    if (stat?.kind === FileKind.directory) throw failedWith("write", path, "EISDIR");
    return { kind: "file", directory, name: source.name, identity };
  }
  if (stat?.kind === FileKind.symlink && dirlinks) {
    const real = followLinkPath(path, "create", paths, { created: dirlinks });
    confinement?.check("create", real, path);
    const found = paths.stat(real, { follow: false });
    if (found?.kind !== FileKind.directory) throw swapped("create", path);
    return { kind: "folder", path: real, created: false, identity: identityOfStat(found) };
  }
  if (stat?.kind === FileKind.symlink) throw unexpectedLink(path);
  if (stat && stat.kind !== FileKind.directory) throw failedWith("create", path, "ENOTDIR");
  if (!stat) return { kind: "folder", path, created: true, parent: identity };
  return { kind: "folder", path, created: false, identity: identityOfStat(stat) };
}

/** Plans the root of a source in a directory that `createMissing` creates, and that has no identity yet. */
export function intoMissing(
  source: PlannedSource,
  { directory, missing }: { directory: string; missing: string[] },
  paths: PathCalls,
  rules?: NameRules,
): TargetRoot {
  const root = intoDirectory(source, { path: directory, identity: undefined }, paths, { rules });
  return root.kind === "device" ? root : { ...root, missing };
}
