/** Records of copies of several files: how many files an unfinished one has. */

import { assert } from "@std/assert";
import { decodeEntries, decodeRunHeader } from "../../src/resume/run/record.ts";
import type { RunningEscp } from "./escp_command.ts";
import { turn } from "./interruptions.ts";
import { recordsOf } from "./state.ts";

/** Files that the records of copies into this directory, or below it, name as finished. */
export function finishedFiles(directory: string): number {
  const digests = new Set<string>();
  for (const { kind, bytes } of recordsOf(directory)) {
    const start = kind === "run" ? decodeRunHeader(bytes)?.headerBytes : undefined;
    if (start !== undefined) decodeEntries(bytes, start, { digest: (low, high) => digests.add(`${low} ${high}`) });
  }
  return digests.size;
}

/** Waits until they name so many. */
export async function untilFinished(directory: string, least: number, running: RunningEscp): Promise<void> {
  let ended = false;
  running.result.finally(() => ended = true).catch(() => {});
  while (finishedFiles(directory) < least) {
    assert(!ended, `ended before it could be interrupted: ${running.printed.stderr}`);
    await turn();
  }
}
