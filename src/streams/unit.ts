/** Units of work, and what is said of them. Plain data: it crosses threads. */

import type { ContentSum } from "../files/target/content_digest.ts";
import type { DirectoryPlace, KeptBackup, PendingDirectory } from "../files/engine/target.ts";
import type { WalkItem } from "../files/engine/source.ts";
import type { Attributes, ChangeTimes } from "../files/stat/file_stat.ts";
import type { Failure } from "../protocol/failure.ts";

/** Small files, directories and links: a plan of records (see records.ts) whose contents are read while it is sent. */
export interface PackUnit {
  type: "pack";
  /** Number of the unit, u32. */
  unit: number;
  /** How often it was begun before. */
  attempt: number;
  plan: Uint8Array<ArrayBuffer>;
  /** Records in the plan that have an outcome: all but `enter`. */
  records: number;
}

/** A range of a ranged file. */
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
  /** What the file was when it was found: it must still be that. */
  size: number;
  identity: { dev: number; inode: number };
  /** When it was changed last, before it was found. */
  times: ChangeTimes;
  /** Its CRC-32 has to be known: it is not lent, and what it has grown by is left out. */
  stored?: boolean;
  /** The whole file is digested before the range is sent. */
  digests?: boolean;
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
export interface ComparedRange extends Omit<RangeUnit, "type" | "unit" | "file" | "stored" | "digests"> {
  /** CRC-32 of what was sent of it, where it is verified; undefined where the system copied it. */
  crc32?: number;
}

/** Records that the receiver is asked about before they are sent. */
export interface CompareUnit {
  type: "ask";
  /** Number of the unit, u32. */
  unit: number;
  /** How often it was begun before. */
  attempt: number;
  /** One of `AskPhase`. */
  phase: number;
  /** It is about what was written. */
  verify?: boolean;
  /** What is not the same shall not keep its name. */
  last?: boolean;
  plan: Uint8Array<ArrayBuffer>;
  /** Records in the plan other than `enter`. */
  records: number;
  /** The plan is one large file, of which this range is digested; undefined: small files, each digested whole. */
  range?: ComparedRange;
  /** SHA-256 of what was sent of each record, where small files are verified: 32 bytes each. */
  sent?: Uint8Array;
}

/** Files of this side that are digested, and nothing else. */
export interface DigestUnit {
  type: "digest";
  /** Number of the unit, u32. */
  unit: number;
  /** How often it was begun before. */
  attempt: number;
  /** Records of small files, in their directories; nothing else. */
  plan?: Uint8Array<ArrayBuffer>;
  /** A large file, in the place of a plan. */
  file?: Pick<RangeUnit, "root" | "path" | "size" | "identity" | "times">;
  /** Whether SHA-256 is wanted besides CRC-32. */
  sha256: boolean;
}

/** What a stream does at one time. */
export type WorkUnit = PackUnit | RangeUnit | InputUnit | CompareUnit | DigestUnit;

/** What a walk finds of a large file. */
export type RangedItem = Extract<WalkItem, { type: "ranged" }>;

/** A file that was small when it was found and is too large for a pack now: to be sent in ranges. */
export interface GrownFile {
  item: RangedItem;
  /** Bytes that it had when it was found. */
  bytesBefore: number;
}

/** What was sent of each record of a pack unit but `enter`; zeros where nothing was. */
export interface SentContents {
  /** Bytes of contents. */
  sizes: Uint32Array;
  crcs: Uint32Array;
  /** SHA-256, 32 bytes each. */
  digests: Uint8Array;
}

/** Sender: what became of a pack unit. */
export interface PackReport {
  type: "pack";
  unit: number;
  /** Regular files (and links) that are in place on the other side. */
  files: number;
  /** Bytes of their contents. */
  bytes: number;
  /** What could not be read, or came out wrong. */
  failures: Failure[];
  /** What the receiver could not write. */
  refused: Failure[];
  grown: GrownFile[];
  notes: string[];
  /** 1 for each record of the plan other than `enter` that is in place, 2 where it lacks extended attributes. */
  inPlace: Uint8Array;
  /** What was sent, where that has to be known. */
  contents?: SentContents;
}

/** A large file that changed since it was found: its size stays that with which it was found. */
export interface SourceChange {
  /** Its path, for messages. */
  path: string;
  /** One of `FileChange`, but not `none`. */
  change: number;
}

/** Sender: what became of a range. */
export interface RangeReport {
  type: "range";
  unit: number;
  file: number;
  start: number;
  end: number;
  crc32: number;
  failure?: Failure;
  /** The failure is the receiver's. */
  refused?: boolean;
  changed?: SourceChange;
  /** Of the whole file, where the unit asks for that. */
  whole?: ContentSum;
}

/** Sender: the answer to an ask. */
export interface CompareReport {
  type: "ask";
  unit: number;
  /** For each record but `enter` one of `Verdict`, or why it cannot be written. */
  outcomes: (number | Failure)[];
  /** For each record but `enter` one of `SourceState`, where contents are verified. */
  sources?: Uint8Array;
  /** A large file that is not what was sent, as it is now. */
  now?: Pick<RangedItem, "size" | "attributes" | "identity" | "times">;
}

/** A file of this side that was digested: a large one up to the size with which it was found. */
export interface DigestedFile extends ContentSum {
  /** Whether it changed since it was found: one of `FileChange`. */
  change: number;
}

/** Sender: files that were digested. */
export interface DigestReport {
  type: "digest";
  unit: number;
  /** Of each file of the plan, in order; undefined where it could not be read, or is shorter now. */
  sums: (DigestedFile | undefined)[];
}

/** What a sending stream reports of a unit. */
export type SendReport = PackReport | RangeReport | CompareReport | DigestReport;

/** A directory that has attributes of its own. */
export interface DirectoryAttributes {
  root: number;
  path: string;
  attributes: Attributes;
  /** Extended attributes, as a block (xattrs.ts). */
  xattrs?: Uint8Array;
}

/** A file of a target: `path` is relative to the root. */
export interface FilePlace {
  root: number;
  path: string;
}

/** A small file, or a further name of a file, that is in place. */
export interface WrittenFile extends FilePlace {
  /** SHA-256 of its contents; undefined of a further name. */
  digest?: Uint8Array;
  /** Of a further name: the first one, relative to the same root. */
  first?: string;
}

/** Receiver: what a pack frame brought, or an ask was answered. */
export interface ReceivedPack {
  type: "pack";
  unit: number;
  /** How often the unit was begun before: what came of an earlier attempt is void. */
  attempt: number;
  files: number;
  bytes: number;
  /** Entries that were there already. */
  skipped: number;
  /** Entries that were written before and are what they should be. */
  verified?: number;
  failures: Failure[];
  directories: DirectoryAttributes[];
  /** Directories that were made or opened up for this, whose mode must be set at the end. */
  created: PendingDirectory[];
  /** Directories that were entered, where that has to be known: their names must be brought to the disk at the end. */
  entered?: DirectoryPlace[];
  /** Files that are in place, where that has to be known. */
  written?: WrittenFile[];
  /** Of these, those that are not in place any more. */
  lost?: FilePlace[];
  /** Backups of replaced files, until their successors are verified. */
  kept?: KeptBackup[];
  /** Verified files, whose backups are no longer needed. */
  confirmed?: FilePlace[];
  /** Digests of files that are in place and are to be remembered: two halves of each (finished_files.ts). */
  finished?: Uint32Array;
}

/** Receiver: a range that was written. */
export interface ReceivedRange {
  type: "range";
  unit: number;
  file: number;
  start: number;
  end: number;
  crc32: number;
  /** Bytes that were lent and had been there before; none when left out. */
  found?: number;
  failure?: Failure;
}

/** What a receiving stream reports. */
export type ReceiveReport = ReceivedPack | ReceivedRange;

/** A file of which the receiver has everything, be it from an earlier copy. */
export interface SentFile extends SourceChange {
  item: RangedItem;
  /** The system of the receiver copied it: its CRC-32 is not known. */
  isLent: boolean;
  /** Of the whole file; means nothing of a lent one. */
  crc32: number;
  /** What the whole file was read as while it was sent, where that was wanted. */
  whole?: ContentSum;
}

/** States of a source that is read again to verify its copy. */
export const SourceState = {
  /** It contains what was sent. */
  asSent: 0,
  /** It has changed since it was sent. */
  changed: 1,
  /** It contains something else, though its size and times have not changed. */
  misread: 2,
  unreadable: 3,
} as const;
