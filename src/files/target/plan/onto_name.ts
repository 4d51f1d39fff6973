/** Plans sources whose target is a new name, or an existing file. */

import { quotePath, UserError } from "../../../errors.ts";
import type { PathCalls } from "../../engine/engine.ts";
import type { TargetRoot } from "../../engine/target_root.ts";
import { MAX_LINKS } from "../../path/link_target.ts";
import { baseName, directoryOf, hasTrailingSlash, resolvePath, withoutTrailingSlashes } from "../../path/local_path.ts";
import { isPrivateName, privateName } from "../../path/private_names.ts";
import { failedWith, unexpectedLink } from "../../stat/file_failure.ts";
import { identityOfStat, untrusted } from "../../stat/file_identity.ts";
import { FileKind, type FileStat } from "../../stat/file_stat.ts";
import { mayBePlanted, ownUser } from "../directory_access.ts";
import { intoMissing } from "./into_directory.ts";
import type { PlannedSource, TargetPlanOptions } from "./planned_source.ts";
import { missingDirectories } from "../root_directories.ts";

/** A target that is not a directory that exists. */
interface NamedTarget {
  full: string;
  /** As the user typed it. */
  target: string;
  stat: FileStat | undefined;
  operands: number;
}

/** Plans the roots of sources whose target is not a directory that exists. */
export function ontoNames(
  sources: PlannedSource[],
  named: NamedTarget,
  { mkpath, exact, rules, confinement }: TargetPlanOptions,
  paths: PathCalls,
): TargetRoot[] {
  const { full, target, stat, operands } = named;
  const isDirectory = operands > 1 || sources.length > 1 || (hasTrailingSlash(full) && sources[0].kind === "file");
  if (stat || !mkpath || !isDirectory || exact) {
    return [ontoName(sources, named, paths, { mkpath, rules, confinement })];
  }
  if (sources.some(({ kind }) => kind === "input")) throw notDirectory(target, stat);
  const directory = withoutTrailingSlashes(full);
  const missing = missingDirectories(directory, target, paths, rules);
  return sources.map((source) => intoMissing(source, { directory, missing }, paths, rules));
}

/** Plans the root of a source whose target is its new name, or the file that it replaces. */
function ontoName(
  sources: PlannedSource[],
  { full, target, stat, operands }: NamedTarget,
  paths: PathCalls,
  { mkpath, rules, confinement }: Pick<TargetPlanOptions, "mkpath" | "rules" | "confinement">,
): TargetRoot {
  const [source] = sources;
  if (operands > 1 || sources.length > 1) {
    throw notDirectory(target, stat, stat ? undefined : "Create the directory first, or use --mkpath");
  }
  if (stat) {
    if (source.kind === "folder" || hasTrailingSlash(full)) throw notDirectory(target, stat);
    const end = endOfLinks(full, { target, confinement }, paths);
    if (stat.kind !== FileKind.file) {
      const isFifo = stat.kind === FileKind.fifo;
      if (isFifo) checkOwner("write", end, stat, paths);
      return { kind: "device", path: full, shown: target, isFifo, identity: identityOfStat(stat) };
    }
    // scp writes through a link that the user names, so the file that it points to is replaced.
    const path = end === full ? full : paths.realPath(full);
    const directory = directoryOf(path);
    const above = paths.stat(directory, { follow: true });
    const identity = above && identityOfStat(above);
    return { kind: "file", directory, name: baseName(path), identity };
  }
  const bare = source.kind === "folder" || hasTrailingSlash(full)
    ? withoutTrailingSlashes(full)
    : endOfLinks(full, { target, confinement }, paths);
  const parent = directoryOf(bare);
  const above = paths.stat(parent, { follow: true });
  if (!above && !mkpath) throw noParent(target);
  const missing = above ? undefined : missingDirectories(parent, target, paths, rules);
  if (above && above.kind !== FileKind.directory) throw failedWith("create", target, "ENOTDIR");
  const name = baseName(bare);
  if (name === "." || name === "..") throw failedWith("create", target, "ENOENT");
  if (isPrivateName(name)) throw privateName("create", target);
  if (source.kind !== "folder") {
    if (hasTrailingSlash(full)) {
      throw notDirectory(target, stat, "Create the directory first, use --mkpath, or omit the slash");
    }
    return { kind: "file", directory: parent, name, identity: above && identityOfStat(above), missing };
  }
  // Another kind was created by another process since the first look. Creating the directory reports or accepts it.
  if (paths.stat(bare, { follow: false })?.kind === FileKind.symlink) throw unexpectedLink(bare);
  return { kind: "folder", path: bare, created: true, parent: above && identityOfStat(above), missing };
}

/**
 * Returns the path that a symbolic link points to, through further links; the path itself if it is not a link. scp writes
 * through a link that the user names, so a missing file is created there.
 *
 * @throws {FileError} If the link points outside of the directory of a confinement, or another user may have planted it.
 */
function endOfLinks(
  path: string,
  { target, confinement }: Pick<NamedTarget, "target"> & Pick<TargetPlanOptions, "confinement">,
  paths: PathCalls,
): string {
  let end = path;
  for (let links = 0;; links++) {
    const stat = paths.stat(end, { follow: false });
    if (stat?.kind !== FileKind.symlink) break;
    if (links === MAX_LINKS) throw failedWith("create", target, "ELOOP");
    checkOwner("create", end, stat, paths);
    end = resolvePath(directoryOf(end), paths.readLink(end));
    confinement?.check("create", end, target);
  }
  return withoutTrailingSlashes(end);
}

/** @throws {FileError} If another user may have planted a file or link (directory_access.ts). */
function checkOwner(operation: string, path: string, stat: FileStat, paths: PathCalls): void {
  const above = paths.stat(directoryOf(path), { follow: true });
  if (above && mayBePlanted(ownUser(), stat, above)) throw untrusted(operation, path);
}

function noParent(target: string): UserError {
  return new UserError(failedWith("create", target, "ENOENT").message, {
    hint: "Its directory is missing: create it first, or use --mkpath",
  });
}

function notDirectory(target: string, stat: FileStat | undefined, hint?: string): UserError {
  const reason = stat ? "Not a directory" : "No such file or directory";
  return new UserError(`Cannot copy to ${quotePath(target)}: ${reason}`, { hint });
}
