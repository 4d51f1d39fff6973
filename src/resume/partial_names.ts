/** Under which names a large file and its journal stand beside the place where it is to be. */

import { encodeName } from "../protocol/names.ts";

const PREFIX = ".escp-";
const PARTIAL = ".part";
const JOURNAL = ".journal";

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
  const stem = PREFIX + fnv1a(encodeName(name)).toString(16).padStart(16, "0");
  return { partial: stem + PARTIAL, journal: stem + JOURNAL };
}

/** The names that belong to this journal; undefined when it is not the name of one. */
export function namesOfJournal(journal: string): PartialNames | undefined {
  const stem = /^(\.escp-[0-9a-f]{16})\.journal$/.exec(journal)?.[1];
  return stem === undefined ? undefined : { partial: stem + PARTIAL, journal };
}

/** FNV-1a, 64 bits (draft-eastlake-fnv). */
export function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
