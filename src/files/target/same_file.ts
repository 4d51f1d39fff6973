/** Finds targets that are the sources themselves, under the same or another name. They are left alone. */

import type { RecordCursor } from "../../protocol/data/records.ts";
import { FileKind, type FileStat } from "../stat/file_stat.ts";
import { fileVersion } from "../stat/file_change.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { TargetRoot } from "../engine/target_root.ts";

/**
 * Returns whether an existing file is the source of a record. A record contains a hash of inode and ctime, which identifies
 * the file on the device of its root.
 */
export function isSource(root: TargetRoot, cursor: RecordCursor, existing: FileStat): boolean {
  if (root.kind === "device") return false;
  if (root.same) return true;
  return root.kind === "folder" && root.source !== undefined && existing.kind === FileKind.file &&
    existing.dev === root.source.dev && existing.size === cursor.size && fileVersion(existing) === cursor.version();
}

/** As `isSource`, for a large file, whose identity the sender has announced. */
export function isLargeSource(root: TargetRoot, source: FileIdentity | undefined, existing: FileStat): boolean {
  if (root.kind === "device") return false;
  if (root.same) return true;
  return root.kind === "folder" && root.source !== undefined && source !== undefined && source.inode !== 0 &&
    existing.kind === FileKind.file && existing.dev === source.dev && existing.inode === source.inode;
}

/** Returns whether a target may be its source, so that it is examined before it is written. */
export function mayBeSource(root: TargetRoot): boolean {
  return root.kind !== "device" && (root.same === true || (root.kind === "folder" && root.source !== undefined));
}
