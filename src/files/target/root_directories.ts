/** The directories that a plan of targets creates: missing ones above its roots, then the roots themselves. */

import { FileError } from "../../errors.ts";
import type { DirectoryToMake, PathCalls } from "../engine/engine.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { baseName, directoryOf } from "../path/local_path.ts";
import { misnamed, type NameRules, problemOfName } from "../path/name_rules.ts";
import { isPrivateName, privateName } from "../path/private_names.ts";
import { failedWith, unexpectedLink } from "../stat/file_failure.ts";
import { type FileIdentity, identityOfStat } from "../stat/file_identity.ts";
import { FileKind } from "../stat/file_stat.ts";
import { isNewDirectory } from "./name.ts";

/** Returns the directories to create for a path, from the top. @throws {FileError} If one cannot be created. */
export function missingDirectories(directory: string, target: string, paths: PathCalls, rules?: NameRules): string[] {
  const missing: string[] = [];
  for (let path = directory;; path = directoryOf(path)) {
    const stat = paths.stat(path, { follow: true });
    if (stat && stat.kind !== FileKind.directory) throw failedWith("create", target, "ENOTDIR");
    if (stat) return missing;
    const name = baseName(path);
    // ".." below a missing directory is unknown.
    if (name === ".." || directoryOf(path) === path) throw failedWith("create", target, "ENOENT");
    if (name === ".") continue;
    if (isPrivateName(name)) throw privateName("create", target);
    const problem = problemOfName(name, rules);
    if (problem !== undefined) throw misnamed(path, problem);
    // Another kind was created by another process since the first look.
    if (paths.stat(path, { follow: false })?.kind === FileKind.symlink) throw unexpectedLink(path);
    missing.unshift(path);
  }
}

/** Creates the missing directories above the roots of a plan. Another process may create them at the same time. */
export function createMissing(roots: TargetRoot[], paths: PathCalls): void {
  const created = new Map<string, FileIdentity>();
  for (const root of roots) {
    if (root.kind === "device" || !root.missing) continue;
    let parent: FileIdentity | undefined;
    for (const path of root.missing) {
      parent = created.get(path) ?? createOne(path, { parent, within: root.within }, paths);
      created.set(path, parent);
    }
    if (root.kind === "folder" && root.created) root.parent = parent;
    else root.identity = parent;
  }
}

function createOne(path: string, place: DirectoryToMake, paths: PathCalls): FileIdentity {
  try {
    return paths.makeDirectory(path, { ...place, finished: true });
  } catch (error) {
    const stat = error instanceof FileError && error.code === "EEXIST"
      ? paths.stat(path, { follow: false })
      : undefined;
    if (stat?.kind !== FileKind.directory) throw error;
    return identityOfStat(stat);
  }
}

/**
 * Creates the missing root directories of a plan, with mode 01700 until they are finished.
 *
 * @param options.isShared whether another process may create them at the same time. Default: false.
 */
export function createDirectories(roots: TargetRoot[], paths: PathCalls, { isShared = false } = {}): TargetRoot[] {
  const created = new Map<string, FileIdentity>();
  for (const root of roots) {
    if (!isNewDirectory(root)) continue;
    const known = created.get(root.path);
    root.created = known === undefined;
    root.identity = known ?? (isShared ? makeShared(root, paths) : paths.makeDirectory(root.path, root));
    created.set(root.path, root.identity);
  }
  return roots;
}

/** Creates a root directory, or uses the one that another process has created meanwhile. */
function makeShared(root: TargetRoot & { kind: "folder" }, paths: PathCalls): FileIdentity {
  try {
    return paths.makeDirectory(root.path, root);
  } catch (error) {
    const found = error instanceof FileError && error.code === "EEXIST"
      ? paths.stat(root.path, { follow: false })
      : undefined;
    if (found?.kind !== FileKind.directory) throw error;
    root.created = false;
    return identityOfStat(found);
  }
}
