/** Units of work, and what is said of them. Plain data: it crosses threads. */

import type { FolderPlace, KeptBackup, TouchedFolder, WalkItem } from "../files/engine.ts";
import type { Attributes, ChangeTimes } from "../files/file_stat.ts";
import type { Failure } from "../protocol/results.ts";

/** Small files, folders and links: a plan of records (see records.ts) whose contents are read while it is sent. */
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
  times: Pick<ChangeTimes, "mtime" | "mtimeNs">;
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
export type AskedRange = Omit<RangeUnit, "type" | "unit" | "file" | "times">;

/** Records that the receiver is asked about before they are sent. */
export interface AskUnit {
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
  range?: AskedRange;
}

/** What a stream does at one time. */
export type Unit = PackUnit | RangeUnit | InputUnit | AskUnit;

/** A file that was small when it was found and is too large for a pack now: to be sent in ranges. */
export interface GrownFile {
  item: Extract<WalkItem, { type: "ranged" }>;
  /** Bytes that it had when it was found. */
  bytesBefore: number;
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
  /** The file was changed while it was read; what was sent has the size that it had at first. */
  note?: string;
}

/** Sender: the answer to an ask. */
export interface AskReport {
  type: "ask";
  unit: number;
  /** For each record but `enter` one of `Verdict`, or why it cannot be written. */
  outcomes: (number | Failure)[];
}

/** What a sending stream reports of a unit. */
export type SendReport = PackReport | RangeReport | AskReport;

/** A folder that has attributes of its own. */
export interface FolderAttributes {
  root: number;
  path: string;
  attributes: Attributes;
  /** Extended attributes, as a block (xattrs.ts). */
  xattrs?: Uint8Array;
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
  folders: FolderAttributes[];
  /** Folders that were made or opened up for this, whose mode must be set at the end. */
  created: TouchedFolder[];
  /** Folders that were entered, where that has to be known: their names must be brought to the disk at the end. */
  entered?: FolderPlace[];
  /** Files that are in place, where that has to be known; relative to their root. */
  written?: { root: number; path: string }[];
  /** Backups of replaced files, until their successors are verified. */
  kept?: KeptBackup[];
  /** Verified entries, whose backups are no longer needed. */
  confirmed?: FolderPlace[];
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
