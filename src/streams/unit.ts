/** Units of work. Plain data, because it crosses threads. */

import type { WalkItem } from "../files/engine/source.ts";
import type { ChangeTimes } from "../files/stat/file_stat.ts";
import type { SharedSignature } from "../delta/signature.ts";
import type { Segment } from "../delta/segments.ts";
import type { SignatureRequest } from "../protocol/data/signature.ts";

/** Small files, directories and links: a plan of records (records.ts) whose contents are read while it is sent. */
export interface PackUnit {
  type: "pack";
  /** Number of the unit, u32. */
  unit: number;
  /** Number of earlier attempts. */
  attempt: number;
  plan: Uint8Array<ArrayBuffer>;
  /** Records in the plan that have an outcome: all but `enter`. */
  records: number;
  /** The only file of the plan, if it is sent in pieces. Default: each file fits into a frame. */
  file?: RangedItem;
}

/** A range of a large file. */
export interface RangeUnit {
  type: "range";
  /** Number of the unit, u32. */
  unit: number;
  /** Number of the file, u32. */
  file: number;
  root: number;
  /** Relative to the root; "" is the root. */
  path: string;
  start: number;
  end: number;
  /** Size of the file in the walk. Bytes that were appended since are omitted. */
  size: number;
  identity: { dev: number; inode: number };
  /** Times of the last change before the walk. */
  times: ChangeTimes;
  /** Whether its contents are sent because their CRC-32 is needed. */
  stored?: boolean;
  /** Whether the whole file is digested before the range is sent. */
  digests?: boolean;
  /** Parts of the range, if some are copied from the old file. */
  segments?: Segment[];
  /** Key of the digests in `segments`. */
  key?: Uint8Array<ArrayBuffer>;
}

/** Digests of the old file that the receiver computes. */
export interface SignatureUnit extends SignatureRequest {
  type: "signature";
  /** Number of earlier attempts. */
  attempt: number;
}

/** A range of a large file that is searched for blocks of the old file. Nothing is sent. */
export interface ScanUnit extends Pick<RangeUnit, "unit" | "file" | "root" | "path" | "start" | "end" | "identity"> {
  type: "scan";
  /** Number of earlier attempts. */
  attempt: number;
  key: Uint8Array<ArrayBuffer>;
  signature: SharedSignature;
  /** Whether the old file is changed in place. */
  inPlace: boolean;
}

/** All of standard input. */
export interface InputUnit {
  type: "input";
  /** Number of the unit, u32. */
  unit: number;
  /** Number of the file, u32. */
  file: number;
}

/** A part of a large file whose contents are compared. */
export interface ComparedRange
  extends Pick<RangeUnit, "root" | "path" | "start" | "end" | "size" | "identity" | "times"> {
  /** With verification: CRC-32 of what was sent of it; undefined for a local copy. */
  crc32?: number;
}

/** Records that the receiver compares with its entries. */
export interface CompareUnit {
  type: "compare";
  /** Number of the unit, u32. */
  unit: number;
  /** Number of earlier attempts. */
  attempt: number;
  /** One of `ComparePhase` (compare.ts). */
  phase: number;
  /** Whether written entries are verified. */
  verify?: boolean;
  /** Whether this is the last verification of the entries. */
  last?: boolean;
  plan: Uint8Array<ArrayBuffer>;
  /** Records in the plan other than `enter`. */
  records: number;
  /** Range of the only file of the plan, a large one; undefined: small files, each digested as a whole. */
  range?: ComparedRange;
  /** With verification of small files: SHA-256 of what was sent of each record, 32 bytes each. */
  sent?: Uint8Array;
}

/** Files of the sender that are only digested. */
export interface DigestUnit {
  type: "digest";
  /** Number of the unit, u32. */
  unit: number;
  /** Number of earlier attempts. */
  attempt: number;
  /** Records of small files in their directories. */
  plan?: Uint8Array<ArrayBuffer>;
  /** A large file instead of a plan. */
  file?: Pick<RangeUnit, "root" | "path" | "size" | "identity" | "times">;
  /** Whether to compute SHA-256 besides CRC-32. */
  sha256: boolean;
}

/** A unit of any kind. */
export type WorkUnit = PackUnit | RangeUnit | InputUnit | CompareUnit | DigestUnit | SignatureUnit | ScanUnit;

/** A large file, as the walk finds it. */
export type RangedItem = Extract<WalkItem, { type: "ranged" }>;
