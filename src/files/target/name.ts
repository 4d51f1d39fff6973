/** Directories and names of targets, and their paths in messages. */

import { FileError, ProtocolError } from "../../errors.ts";
import type { PathCalls } from "../engine/engine.ts";
import type { TargetPlace } from "../engine/target_place.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { FileCode } from "../stat/file_failure.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { FileStat } from "../stat/file_stat.ts";
import { directoryOf, joinPath, splitRelativePath } from "../path/local_path.ts";

/** Path of a device root that means standard output or another open descriptor. All other paths of roots are absolute. */
export const STANDARD_OUTPUT = "-";

/** Returns the directory that the contents of a root are written to. */
export function rootPath(root: TargetRoot): string {
  if (root.kind === "folder") return root.path;
  return root.kind === "file" ? root.directory : directoryOf(root.path);
}

/** A directory that paths are resolved from. */
export interface RootDirectory {
  path: string;
  /** Directory, without symbolic links, that must contain it. */
  within?: string;
  /** Identity that it must have; undefined to accept any. */
  identity?: FileIdentity;
  /** Whether the path must not be a symbolic link. */
  noFollow?: boolean;
  /** Identity of the source directory, if the source is on this machine. */
  source?: FileIdentity;
}

/** As `rootPath`, with the conditions that the directory must meet. */
export function rootDirectory(root: TargetRoot): RootDirectory {
  if (root.kind === "device") return { path: rootPath(root) };
  const { within, identity } = root;
  return {
    path: rootPath(root),
    within,
    identity,
    noFollow: isNewDirectory(root),
    source: root.kind === "folder" ? root.source : undefined,
  };
}

/** Returns whether the copy creates the directory of a root. */
export function isNewDirectory(root: TargetRoot): root is Extract<TargetRoot, { kind: "folder" }> {
  return root.kind === "folder" && root.created && !root.continued;
}

/** Returns a key for a file or directory in a map. */
export function placeKey({ root, path }: TargetPlace): string {
  return `${root}/${path}`;
}

/** Returns the absolute path of a file below a root, for messages. */
export function targetText(root: TargetRoot, path: string): string {
  if (root.kind === "folder") return joinPath(root.path, path);
  return root.kind === "file" ? joinPath(root.directory, root.name) : root.path;
}

/**
 * Checks that a path has a name if, and only if, the root is a directory.
 *
 * @throws {ProtocolError} Code "bad-path".
 */
export function checkShape(root: TargetRoot | undefined, hasName: boolean): asserts root is TargetRoot {
  if (!root) throw new ProtocolError("bad-path", "Cannot accept a path from the peer: its root is unknown");
  if (hasName === (root.kind === "folder")) return;
  throw new ProtocolError(
    "bad-path",
    `Cannot accept a path from the peer: it ${hasName ? "is below a file" : "is a file instead of a directory"}`,
  );
}

/** Splits a path relative to a root into directory and name; the path of a file's root is "". */
export function splitTarget(root: TargetRoot, path: string): { directory: string; name: string } {
  checkShape(root, path !== "");
  if (root.kind === "file") return { directory: "", name: root.name };
  return splitRelativePath(path);
}

/**
 * Returns the status of a target; undefined if it is missing, or if the engine cannot open such a name. Only writing that
 * file fails later.
 */
export function statNameable(path: string, paths: PathCalls, follow: boolean): FileStat | undefined {
  try {
    return paths.stat(path, { follow });
  } catch (error) {
    if (error instanceof FileError && error.code === FileCode.notText) return undefined;
    throw error;
  }
}
