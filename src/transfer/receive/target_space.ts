/** Free space of a target. A copy that certainly cannot fit is refused before any data is sent. */

import { quotePath, UserError } from "../../errors.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { codeOf } from "../../files/stat/file_failure.ts";
import { directoryOf, joinPath } from "../../files/path/local_path.ts";
import type { JobBackup } from "../../protocol/control/job.ts";
import { bytesLeft } from "../../resume/partial/take_over.ts";
import { isMountPoint } from "../../native/file/mount_points.ts";
import { TargetRecords } from "./target_records.ts";

/** Smaller copies are not checked, because writing them takes no longer. */
const MIN_BYTES = 1 << 20;

/**
 * Compares the bytes to write with the free space. Accepts the copy if the result is not certain: if existing files may be
 * replaced, or the targets are on several file systems.
 *
 * @param bytes of all sources, or of those that are known so far.
 * @param records directory with the journals of large files; undefined if there is none.
 * @throws {UserError} if the copy does not fit.
 */
export async function checkSpace(
  roots: readonly TargetRoot[],
  bytes: number,
  files: FileEngine,
  records: string | undefined,
  { inplace, backup }: { inplace?: boolean; backup?: JobBackup } = {},
): Promise<void> {
  if (bytes < MIN_BYTES || roots.length === 0) return;
  const places = new Set<string>();
  for (const root of roots) {
    const place = placeOf(root);
    if (place === undefined) return;
    places.add(place);
  }
  const devices = new Set<number | undefined>();
  for (const place of places) devices.add(files.paths.stat(place, { follow: true })?.dev);
  if (devices.size > 1) return;
  const [place] = places;
  const free = await files.freeSpace(place);
  if (free === undefined || bytes <= free) return;
  const isReplacing = (roots.length > 1 || inplace) && !backup;
  const more = await reclaimed(roots, files, records, isReplacing ?? false);
  if (more === undefined || bytes <= free + more) return;
  const [root] = roots;
  const shown = roots.length > 1 || root.kind !== "folder" ? place : root.path;
  throw new UserError(`Cannot copy ${bytes} bytes to ${quotePath(shown)}: only ${free} bytes are free`, {
    hint: "Free some space, or choose another target",
  });
}

/** Returns an existing directory on the file system of the target; undefined if files in it may be replaced. */
function placeOf(root: TargetRoot): string | undefined {
  if (root.kind === "device") return undefined;
  if (root.missing?.length) return directoryOf(root.missing[0]);
  // A file that is a mount point may be on another file system than its directory.
  if (root.kind === "file") return isMountPoint(joinPath(root.directory, root.name)) ? undefined : root.directory;
  if (root.continued) return undefined;
  if (root.created) return directoryOf(root.path);
  return isEmpty(root.path) ? root.path : undefined;
}

function isEmpty(directory: string): boolean {
  try {
    for (const _ of Deno.readDirSync(directory)) return false;
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the bytes that become free during the copy. Partial files of an earlier run are continued or removed. Of several
 * files, each replaced file makes room for the next. A single file needs its space besides the file that it replaces.
 *
 * @returns undefined if unknown.
 */
async function reclaimed(
  roots: readonly TargetRoot[],
  files: FileEngine,
  records: string | undefined,
  isReplacing: boolean,
): Promise<number | undefined> {
  const recorded = new TargetRecords(records, roots, files.paths);
  let sum = 0;
  try {
    for (const [index, root] of roots.entries()) {
      if (root.kind !== "file") continue;
      const about = await recorded.of(index, "");
      if (about) sum += await bytesLeft(root.directory, about);
      if (isReplacing) sum += allocated(joinPath(root.directory, root.name));
    }
  } catch {
    return undefined;
  }
  return sum;
}

function allocated(path: string): number {
  try {
    const { blocks, size } = Deno.lstatSync(path);
    return blocks === null ? size : blocks * 512;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
}
