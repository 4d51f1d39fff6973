/** Completion logs of unfinished copies. */

import { decodeEntries, decodeRunHeader } from "../../../src/resume/run/record.ts";
import type { RunningEscp } from "./escp_command.ts";
import { untilTrue } from "./interruptions.ts";
import { recordsOf } from "./state.ts";

/** Returns the number of finished files in the completion logs of targets in or below this directory. */
export function finishedFiles(directory: string): number {
  const digests = new Set<string>();
  for (const { kind, bytes } of recordsOf(directory)) {
    const start = kind === "run" ? decodeRunHeader(bytes)?.headerBytes : undefined;
    if (start !== undefined) decodeEntries(bytes, start, { digest: (low, high) => digests.add(`${low} ${high}`) });
  }
  return digests.size;
}

/** Waits until the completion logs have this many finished files. */
export function untilFinished(directory: string, least: number, running: RunningEscp): Promise<void> {
  return untilTrue(() => finishedFiles(directory) >= least, running);
}
