/** Targets of symlink and hardlink records. */

import { ProtocolError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { checkShape } from "../target/name.ts";
import { checkPath } from "../../protocol/wire_path.ts";
import { splitRelativePath } from "./local_path.ts";

/** PATH_MAX without the NUL: no system creates a longer link. */
export const LONGEST_TARGET_BYTES = 4095;
/** Maximum number of symbolic links that are followed on a path, as in the kernel (path_resolution(7)). */
export const MAX_LINKS = 40;

/** First name of a hard link, relative to a root. */
export interface LinkSource {
  /** Index of the root. */
  root: number;
  /** Path of the directory, relative to the root. */
  directory: string;
  /** Name in the directory. */
  name: string;
  /** Whole path, relative to the root; "" if the root is the file. */
  path: string;
}

/** Checks the target of a symbolic link: any bytes other than NUL. @throws {ProtocolError} Code "bad-record". */
export function checkSymlinkTarget(target: Uint8Array): void {
  if (target.length > 0 && target.length <= LONGEST_TARGET_BYTES && !target.includes(0)) return;
  throw new ProtocolError("bad-record", "Cannot accept a record from the peer: the target of its link is not a path");
}

/**
 * Splits the first path of a hard link.
 *
 * @param index Number of the root that the path is relative to; its name is used if it is a file.
 * @throws {ProtocolError} Code "bad-path" or "bad-record".
 */
export function parseFirstPath(target: Uint8Array, roots: readonly TargetRoot[], index: number): LinkSource {
  checkPath(target, 0, target.length);
  const path = decodeName(target);
  const root = roots[index];
  if (root?.kind === "file" && path === "") return { root: index, directory: "", name: root.name, path };
  // Neither a device nor an unknown root has files.
  if (root?.kind !== "folder") checkShape(undefined, true);
  if (path === "") {
    throw new ProtocolError("bad-record", "Cannot accept a record from the peer: the target of its link is empty");
  }
  return { ...splitRelativePath(path), path, root: index };
}
