/** Finds targets that are the sources themselves, under the same or another name. They are left alone. */

import { FileError, quotePath, UserError } from "../../errors.ts";
import { type RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { FileKind, type FileStat } from "../stat/file_stat.ts";
import { entryMark, fileVersion } from "../stat/file_change.ts";
import { type FileIdentity, identityOfStat } from "../stat/file_identity.ts";
import type { PathCalls } from "../engine/engine.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { baseName, directoryOf } from "../path/local_path.ts";
import type { PlannedSource } from "./plan/planned_source.ts";
import { isNewDirectory, statNameable, targetText } from "./name.ts";

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

/**
 * As `isSource`, if the source is removed afterwards: the target may be the source on a file system that several hosts share,
 * or that has several mount points. The record must be part of a plan. Another file may be taken for the source.
 */
export function mayBeMovedSource(root: TargetRoot, cursor: RecordCursor, existing: FileStat): boolean {
  if (root.kind === "device") return false;
  if (root.same) return true;
  const kind = cursor.type === RecordType.symlink ? FileKind.symlink : FileKind.file;
  if (existing.kind !== kind || (kind === FileKind.file && existing.size !== cursor.size)) return false;
  const mark = cursor.uint32(RecordField.crc32);
  return mark === 0 || mark === entryMark(existing);
}

/** As `isSource`, for a large file, whose identity the sender has announced. */
export function isLargeSource(root: TargetRoot, source: FileIdentity | undefined, existing: FileStat): boolean {
  if (root.kind === "device") return false;
  if (root.same) return true;
  return root.kind === "folder" && root.source !== undefined && source !== undefined && source.inode !== 0 &&
    existing.kind === FileKind.file && existing.dev === source.dev && existing.inode === source.inode;
}

/** Returns the failure of a file that is its own source, if the source is to be removed afterwards. */
export function movedToItself(path: string): FileError {
  return new FileError("move", path, "it is the source itself", { hint: "Omit --remove-source-files" });
}

/** Returns whether a root is its own source. */
export function isSameRoot(root: TargetRoot | undefined): boolean {
  return root !== undefined && root.kind !== "device" && root.same === true;
}

/** Returns whether a target may be its source, so that it is examined before it is written. */
export function mayBeSource(root: TargetRoot): boolean {
  return isSameRoot(root) || (root.kind === "folder" && root.source !== undefined);
}

/**
 * Marks a target that is its own source, so that it is left alone.
 *
 * @throws {UserError} If a directory would be copied into itself.
 */
export function markOwnSource(
  { name, kind, identity, trees }: Pick<PlannedSource, "name" | "kind" | "identity" | "trees">,
  root: TargetRoot,
  paths: PathCalls,
): void {
  if (!identity || identity.inode === 0 || root.kind === "device" || root.refused) return;
  const isOneOf = (path: string, identities: readonly FileIdentity[]) => {
    const stat = statNameable(path, paths, true);
    return stat !== undefined && identities.some(({ dev, inode }) => stat.inode === inode && stat.dev === dev);
  };
  const path = targetText(root, "");
  if (isOneOf(path, [identity])) {
    root.same = true;
    if (root.kind === "file") {
      const real = paths.realPath(path);
      const above = paths.stat(directoryOf(real), { follow: true });
      Object.assign(root, {
        directory: directoryOf(real),
        name: baseName(real),
        identity: above && identityOfStat(above),
      });
    }
    return;
  }
  if (kind !== "folder") return;
  if (root.kind === "folder" && !root.created) root.source = identity;
  const [missing] = root.missing ?? [];
  let above = paths.realPath(
    missing !== undefined ? directoryOf(missing) : isNewDirectory(root) ? directoryOf(path) : path,
  );
  for (;;) {
    if (isOneOf(above, trees ?? [identity])) {
      throw new UserError(
        `Cannot copy ${quotePath(name)} to ${quotePath(path)}: it would be copied into itself`,
      );
    }
    const next = directoryOf(above);
    if (next === above || next === ".") return;
    above = next;
  }
}
