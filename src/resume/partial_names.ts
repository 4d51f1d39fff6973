/** Under which names a large file and its journal stand beside the place where it is to be, and the journal of a whole copy. */

import { encodeName } from "../protocol/names.ts";

const PREFIX = ".escp-";
const PARTIAL = ".part";
const JOURNAL = ".journal";
const RUN = ".run";

/** Names of a partial file and its journal, in the folder of the target. */
export interface PartialNames {
  partial: string;
  journal: string;
}

/**
 * The same for the same final name in every run, whatever it is made of: `.escp-` and 16 hexadecimal digits. Two names
 * may share them; the journal has the name itself.
 */
export function partialNames(name: string): PartialNames {
  const stem = stemOf(name);
  return { partial: stem + PARTIAL, journal: stem + JOURNAL };
}

/** The names that belong to this journal; undefined when it is not the name of one. */
export function namesOfJournal(journal: string): PartialNames | undefined {
  const stem = /^(\.escp-[0-9a-f]{16})\.journal$/.exec(journal)?.[1];
  return stem === undefined ? undefined : { partial: stem + PARTIAL, journal };
}

/** The journal that belongs to this partial file; undefined when it is not the name of one. */
export function journalOfPartial(partial: string): string | undefined {
  const stem = /^(\.escp-[0-9a-f]{16})\.part$/.exec(partial)?.[1];
  return stem === undefined ? undefined : stem + JOURNAL;
}

/** The name of the journal of a copy of several files: the same in every run whose first target has this path. */
export function runJournalName(path: string): string {
  return stemOf(path) + RUN;
}

/** Whether this is such a name. */
export function isRunJournalName(name: string): boolean {
  return /^\.escp-[0-9a-f]{16}\.run$/.test(name);
}

function stemOf(name: string): string {
  return PREFIX + fnv1a(encodeName(name));
}

/** FNV-1a, 64 bits (draft-eastlake-fnv), as 16 hexadecimal digits. */
export function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
