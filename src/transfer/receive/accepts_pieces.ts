/** Whether the sender may send files of more than 1 MiB in pieces of packs, without announcing them. */

import type { TargetRoot } from "../../files/engine/target_root.ts";
import { codeOf } from "../../files/stat/file_failure.ts";
import { mayBeSource } from "../../files/target/same_file.ts";
import { recordKind } from "../../resume/state_directory.ts";
import type { ReceiveOptions } from "./receive_options.ts";

/**
 * Returns false if a file could need what only announced files have: writing in place, digests, backups, flushing in
 * another thread, the partial file of an earlier run, or a comparison with its source.
 *
 * @param records Directory with the journals of large files; undefined if there is none.
 */
export function acceptsPieces(
  { session: { features }, job, listing, localCopyPid, toOutput }: ReceiveOptions,
  roots: readonly TargetRoot[],
  records: string | undefined,
): boolean {
  const { inplace, fsync, verify, backup, linkDests, shard, comparison } = job;
  if (!features.includes("pieces") || toOutput || localCopyPid !== undefined || listing) return false;
  if (inplace || fsync || verify || backup || linkDests || shard || comparison?.dryRun) return false;
  if (roots.some((root) => root.kind === "device" || mayBeSource(root))) return false;
  return records === undefined || !hasJournals(records);
}

/** Returns whether a file of this user could be resumed, or is being copied by another process. */
function hasJournals(records: string): boolean {
  try {
    for (const { name } of Deno.readDirSync(records)) if (recordKind(name) === "journal") return true;
    return false;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}
