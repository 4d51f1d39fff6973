/** Record of a pack unit while it is sent and until its results have arrived. */

import { SHA256_BYTES } from "../../protocol/data/compare.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { GrownFile, SentContents } from "../report.ts";
import type { PackUnit } from "../unit.ts";

/** Records of a pack unit that were sent, for the comparison with the results. */
export interface SentPack {
  type: "pack";
  unit: number;
  plan: Uint8Array<ArrayBuffer>;
  /** CRC-32 of each record that was sent, in order; 0 for a record without contents. */
  crcs: Uint32Array;
  /** Bytes of the contents of each record that was sent. */
  sizes: Uint32Array;
  /** For each record that was sent: 1 if it counts as a file, 0 for a directory. */
  counts: Uint8Array;
  /** Index in the plan of each record that was sent, not counting `enter`. */
  planIndexes: Uint16Array;
  /** Index of the current record of the plan, not counting `enter`. */
  planIndex: number;
  /** Number of records that were sent. */
  sent: number;
  /** Failures of files that could not be read, and were not sent. */
  failures: Failure[];
  /** Files that have grown too large for a pack, and were not sent. */
  grown: GrownFile[];
  notes: string[];
  /** Contents that were sent of each record of the plan, if reports have to contain them. */
  contents?: SentContents;
  /** Whether all frames of the unit were sent. */
  complete: boolean;
}

/** Returns the record of a unit of which nothing was sent. */
export function beginPack(
  { unit, plan, records }: PackUnit,
  { keepsContents = false }: { keepsContents?: boolean } = {},
): SentPack {
  const contents = keepsContents
    ? {
      sizes: new Uint32Array(records),
      crcs: new Uint32Array(records),
      digests: new Uint8Array(records * SHA256_BYTES),
    }
    : undefined;
  return {
    type: "pack",
    unit,
    plan,
    crcs: new Uint32Array(records),
    sizes: new Uint32Array(records),
    planIndexes: new Uint16Array(records),
    planIndex: -1,
    counts: new Uint8Array(records),
    sent: 0,
    failures: [],
    grown: [],
    notes: [],
    contents,
    complete: false,
  };
}

/** Adds the current record of the plan. @param files 1 if it counts as a file, 0 for a directory. */
export function addSent(pack: SentPack, crc32: number, size: number, files: 0 | 1): void {
  const index = pack.sent++;
  pack.counts[index] = files;
  pack.crcs[index] = crc32;
  pack.sizes[index] = size;
  pack.planIndexes[index] = pack.planIndex;
}
