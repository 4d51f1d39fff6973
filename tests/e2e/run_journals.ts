/** Journals of copies of several files: how many files an unfinished one has. */

import { assert } from "@std/assert";
import { isRunJournalName } from "../../src/resume/partial_names.ts";
import { decodeBatches } from "../../src/resume/run_journal.ts";
import type { RunningEscp } from "../support/escp_command.ts";
import { turn } from "./interruptions.ts";

/** Where the only one is, below the folder and not deeper; undefined when there is none. */
export function runJournal(folder: string): string | undefined {
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      if (isRunJournalName(name)) return `${folder}/${name}`;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return undefined;
}

/** Files that it tells to be finished. */
export function finishedFiles(folder: string): number {
  const path = runJournal(folder);
  if (path === undefined) return 0;
  const digests = new Set<string>();
  decodeBatches(Deno.readFileSync(path), (low, high) => digests.add(`${low} ${high}`));
  return digests.size;
}

/** Waits until it tells so many. */
export async function untilFinished(folder: string, least: number, running: RunningEscp): Promise<void> {
  let ended = false;
  running.result.finally(() => ended = true).catch(() => {});
  while (finishedFiles(folder) < least) {
    assert(!ended, `ended before it could be interrupted: ${running.printed.stderr}`);
    await turn();
  }
}
