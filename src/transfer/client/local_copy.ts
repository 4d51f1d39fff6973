/** Whether a copy on one machine goes from file to file, with streams that only say what to copy. */

import type { FileEngine } from "../../files/engine/engine.ts";
import type { CopySession } from "../../session/model/remote_session.ts";
import type { CopyOptions } from "./copy_options.ts";

/**
 * Whether this client lends its files. What is limited has to pass through streams, which are paced; and whoever wants
 * compression wants to see what it does.
 */
export function canCopyLocally({ direction, reach, request }: CopyOptions, files: FileEngine): boolean {
  const { bytesPerSecond, compress, dummy } = request;
  return direction === "push" && reach === undefined && files.openShared !== undefined && bytesPerSecond === 0 &&
    !compress && dummy === undefined;
}

/**
 * The process that lends its files to this remote end: the client, where it is what started this process, and lets it see
 * what it has open (proc_pid_fd(5)). Undefined: there is none.
 */
export function localCopyPid({ job, features }: CopySession, files: FileEngine): number | undefined {
  const { lends } = job;
  if (lends === undefined || lends !== Deno.ppid || !features.includes("lent")) return undefined;
  if (!files.openShared || files.dummy) return undefined;
  try {
    for (const _ of Deno.readDirSync(`/proc/${lends}/fd`)) return lends;
  } catch {
    // Hidden, or another user's: the bytes come through the streams.
  }
  return undefined;
}
