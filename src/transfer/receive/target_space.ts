/** Whether what comes can have room at all: a copy that cannot come to its end is refused before it begins. */

import { quotePath, UserError } from "../../errors.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { codeOf } from "../../files/stat/file_failure.ts";
import { directoryOf, joinPath } from "../../files/path/local_path.ts";
import { bytesLeft } from "../../resume/partial/take_over.ts";
import { TargetRecords } from "./target_records.ts";

/** Less than that is written as quickly as it is asked about. */
const LEAST_BYTES = 1 << 20;

/**
 * Compares what is certainly to be written with what is free. Says nothing where that is not certain: where directories hold
 * files that may be replaced, or targets lie on several file systems.
 *
 * @param bytes of all sources, or of those that are known so far.
 * @param records directory with the journals of large files; undefined: there is none.
 * @throws {UserError} when it does not fit.
 */
export async function checkSpace(
  roots: readonly TargetRoot[],
  bytes: number,
  files: FileEngine,
  records: string | undefined,
): Promise<void> {
  if (bytes < LEAST_BYTES || roots.length === 0) return;
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
  const more = await reclaimed(roots, files, records);
  if (more === undefined || bytes <= free + more) return;
  const [root] = roots;
  const shown = roots.length > 1 || root.kind !== "folder" ? place : root.path;
  throw new UserError(`Cannot copy ${bytes} bytes to ${quotePath(shown)}: only ${free} bytes are free there`, {
    hint: "Free some space, or choose another target",
  });
}

/** A directory that exists, on the file system of the target; undefined where something may be replaced in it. */
function placeOf(root: TargetRoot): string | undefined {
  if (root.kind === "file") return root.directory;
  if (root.kind === "device" || root.continued) return undefined;
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
 * Bytes that become free on the way: what an earlier copy has left of these files is gone on with or removed, and of
 * several files each makes room for the next. A single one needs its room beside the file that it replaces.
 *
 * @returns undefined where it cannot be told.
 */
async function reclaimed(
  roots: readonly TargetRoot[],
  files: FileEngine,
  records: string | undefined,
): Promise<number | undefined> {
  const recorded = new TargetRecords(records, roots, files.paths);
  let sum = 0;
  try {
    for (const [index, root] of roots.entries()) {
      if (root.kind !== "file") continue;
      const about = await recorded.of(index, "");
      if (about) sum += await bytesLeft(root.directory, about);
      if (roots.length > 1) sum += allocated(joinPath(root.directory, root.name));
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
