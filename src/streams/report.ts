/** Reports of streams about units of work. Plain data, because it crosses threads. */

import type {
  GatheredFiles,
  KeptBackup,
  PendingDirectory,
  RemovedPlace,
  TargetPlace,
} from "../files/engine/target_place.ts";
import type { Attributes } from "../files/stat/file_stat.ts";
import type { ContentSum } from "../files/target/content_digest.ts";
import type { Segment } from "../delta/segments.ts";
import type { Failure } from "../protocol/failure.ts";
import type { RangedItem } from "./unit.ts";

/** A file that was small in the walk and is now too large for a pack, or that has holes. It is sent in ranges. */
export interface GrownFile {
  item: RangedItem;
  /** Size in the walk. */
  bytesBefore: number;
}

/** Contents that were sent of each record of a pack unit except `enter`; zeros if nothing was sent. */
export interface SentContents {
  /** Bytes of contents. */
  sizes: Uint32Array;
  crcs: Uint32Array;
  /** SHA-256, 32 bytes each. */
  digests: Uint8Array;
}

/** Sender: result of a pack unit. */
export interface PackReport {
  type: "pack";
  unit: number;
  /** Number of regular files and links that are in place. */
  files: number;
  /** Bytes of their contents. */
  bytes: number;
  /** Files that could not be read, or were confirmed with another checksum. */
  failures: Failure[];
  /** Failures of the receiver. */
  refused: Failure[];
  grown: GrownFile[];
  notes: string[];
  /** For each record except `enter`: 1 if in place, 2 if only extended attributes or its time are missing, else 0. */
  inPlace: Uint8Array;
  /** Contents that were sent, if the job needs them. */
  contents?: SentContents;
}

/** A large file that changed since the walk. It is sent with its size in the walk. */
export interface SourceChange {
  /** Path for messages. */
  path: string;
  /** One of `FileChange`, but not `none`. */
  change: number;
}

/** Sender: result of a range. */
export interface RangeReport {
  type: "range";
  unit: number;
  file: number;
  start: number;
  end: number;
  crc32: number;
  failure?: Failure;
  /** Whether the failure is the receiver's. */
  refused?: boolean;
  changed?: SourceChange;
  /** Checksums of the whole file, if the unit requests them. */
  whole?: ContentSum;
}

/** Sender: response to a compare unit. */
export interface CompareReport {
  type: "compare";
  unit: number;
  /** For each record except `enter`: one of `CompareResult` (compare.ts), or the failure. */
  outcomes: (number | Failure)[];
  /** With `itemize`: bits of `ItemChange` for each record except `enter`. */
  changes?: Uint8Array;
  /** With verification of contents: one of `SourceState` for each record except `enter`. */
  sources?: Uint8Array;
  /** Current attributes of a large file that does not contain what was sent. */
  now?: Pick<RangedItem, "size" | "attributes" | "identity" | "times">;
}

/** A digested file of the sender; a large one up to its size in the walk. */
export interface DigestedFile extends ContentSum {
  /** One of `FileChange`, since the walk. */
  change: number;
}

/** Sender: result of a digest unit. */
export interface DigestReport {
  type: "digest";
  unit: number;
  /** One per file of the plan, in order; undefined if it cannot be read, or has become shorter. */
  sums: (DigestedFile | undefined)[];
}

/** Sender: digests of the old file. */
export interface SignatureReport {
  type: "signature";
  unit: number;
  /** Undefined if the receiver cannot read the file any more. */
  digests?: Uint8Array;
}

/** Sender: a range that was searched for blocks of the old file. */
export interface ScanReport {
  type: "scan";
  unit: number;
  /** Undefined if the source cannot be read. Sending the range reports the failure. */
  segments?: Segment[];
}

/** A report of a sending stream. */
export type SendReport = PackReport | RangeReport | CompareReport | DigestReport | SignatureReport | ScanReport;

/** Attributes of a directory from its record. */
export interface DirectoryAttributes {
  root: number;
  path: string;
  attributes: Attributes;
  /** Extended attributes, as a block (xattrs.ts). */
  xattrs?: Uint8Array;
}

/** A small file or hard link that is in place. */
export interface WrittenFile extends TargetPlace {
  /** SHA-256 of its contents; undefined for a hard link. */
  digest?: Uint8Array;
  /** For a hard link: the first name of the file. */
  first?: TargetPlace;
}

/** Receiver: result of a pack frame or compare request. */
export interface ReceivedPack {
  type: "pack";
  unit: number;
  /** Number of earlier attempts of the unit. Their counts are void. */
  attempt: number;
  files: number;
  bytes: number;
  /** Number of entries that need no copy. */
  skipped: number;
  /** Number of entries that were verified. */
  verified?: number;
  failures: Failure[];
  directories: DirectoryAttributes[];
  /** Directories that were created or made writable, whose mode must be set at the end. */
  created: PendingDirectory[];
  /** With fsync: directories that were entered, and must be flushed at the end. */
  entered?: TargetPlace[];
  /** Files that are in place, if digests are listed. */
  written?: WrittenFile[];
  /** Files that are up to date, in the run that finishes a copy by shards. */
  upToDate?: TargetPlace[];
  /** Files that are no longer in place. */
  lost?: TargetPlace[];
  /** Backups of replaced files, until their successors are verified. */
  kept?: KeptBackup[];
  /** Verified files, whose backups are no longer needed. */
  confirmed?: TargetPlace[];
  /** Digests of files in place for the record of this run, in two halves each (finished_files.ts). */
  finished?: Uint32Array;
  /** Number of files that are their own sources, and the first of them. They count as files in place. */
  same?: GatheredFiles;
  /** Entries that were removed with directories that files replace. */
  deleted?: RemovedPlace[];
  /** Files that were written in place because their names cannot be replaced. */
  inPlace?: GatheredFiles;
}

/** Receiver: result of a range. */
export interface ReceivedRange {
  type: "range";
  unit: number;
  file: number;
  start: number;
  end: number;
  crc32: number;
  /** Bytes of local copies that an earlier run had already written. Default: 0. */
  found?: number;
  /** Bytes that were copied from the old file. Default: 0. */
  reused?: number;
  /** Whether the journal contains the range. Default: false. */
  recorded?: boolean;
  failure?: Failure;
}

/** A report of a receiving stream. */
export type ReceiveReport = ReceivedPack | ReceivedRange;

/** A large file of which everything was sent, perhaps by an earlier run. */
export interface SentFile extends SourceChange {
  item: RangedItem;
  /** Whether the receiver copied it locally: its CRC-32 is unknown. */
  isLocalCopy: boolean;
  /** CRC-32 of the whole file; meaningless for a local copy. */
  crc32: number;
  /** Checksums of the whole file, if the units requested them. */
  whole?: ContentSum;
}

/** States of a source that is read again to verify its copy. */
export const SourceState = {
  /** The source contains what was sent. */
  asSent: 0,
  /** The source has changed since it was sent. */
  changed: 1,
  /** The source contains something else, though its size and times have not changed. */
  misread: 2,
  unreadable: 3,
} as const;
