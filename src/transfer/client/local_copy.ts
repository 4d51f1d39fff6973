/** Copies on one machine for which the receiver copies large files directly; streams then carry only instructions. */

import type { FileEngine } from "../../files/engine/engine.ts";
import type { CopySession } from "../../session/model/remote_session.ts";
import type { CopyOptions } from "./copy_options.ts";

/**
 * Returns whether this client offers its open files to the receiver. It does not if the copy is limited, because only streams are
 * paced, or compressed, because the user wants to see the effect.
 */
export function canCopyLocally({ direction, reach, request }: CopyOptions, files: FileEngine): boolean {
  const { bytesPerSecond, compress, dummy } = request;
  return direction === "push" && reach === undefined && files.openShared !== undefined && bytesPerSecond === 0 &&
    !compress && dummy === undefined;
}

/**
 * Returns the process whose open files this remote end may copy: the client, if the system permits access to its descriptors
 * (proc_pid_fd(5)). Otherwise returns undefined.
 *
 * @param client the process that has started this remote end.
 */
export function localCopyPid({ job, features }: CopySession, files: FileEngine, client: number): number | undefined {
  const { lends } = job;
  if (lends === undefined || lends !== client || !features.includes("lent")) return undefined;
  if (!files.openShared || files.dummy) return undefined;
  try {
    for (const _ of Deno.readDirSync(`/proc/${lends}/fd`)) return lends;
  } catch {
    // Hidden, or of another user: the bytes come through the streams.
  }
  return undefined;
}
