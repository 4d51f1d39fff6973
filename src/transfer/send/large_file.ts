/** A large file of the sender, from its announcement to the receiver's confirmation. */

import { ProtocolError, quotePath } from "../../errors.ts";
import type { PlannedRange } from "../../delta/segments.ts";
import type { ContentSum } from "../../files/target/content_digest.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type ByteRange, RangeSums } from "../../protocol/data/range_sums.ts";
import { checksumMismatch, toFailure } from "../../streams/failure.ts";
import type { SourceChange } from "../../streams/report.ts";
import type { RangedItem } from "../../streams/unit.ts";
import type { DeltaFile } from "./delta/delta_file.ts";
import type { SchedulerOptions } from "./scheduler_host.ts";

/** A large file that is not finished. */
export interface LargeFile {
  file: number;
  item: RangedItem;
  /** "announced" until the receiver has opened it, "open" while ranges are sent, "closing" until it is confirmed. */
  state: "announced" | "open" | "closing";
  /** Whether the receiver knows an identity of the source, so that it may continue a partial file. */
  mayBeKept?: boolean;
  /** Whether it is standard input: one unit, whose end is known when all of it was read. */
  input?: boolean;
  /** Whether its contents must be sent, because their CRC-32 is needed. A local copy has none. */
  stored?: boolean;
  /** Ranges that no stream has taken. */
  todo: PlannedRange[];
  /** Whether the receiver may offer the file that it replaces. */
  mayBeDelta?: boolean;
  /** Plans the ranges of a file that replaces another one. */
  delta?: DeltaFile;
  /** Maximum bytes of a unit; Infinity if the receiver needs the file in one unit. */
  unitBytes: number;
  sums: RangeSums;
  /** Bytes that the receiver had before anything was sent. */
  keptBytes: number;
  /** Number of its units that streams have. */
  inFlight: number;
  failure?: Failure;
  /** The end where it failed. */
  failedSide?: "sender" | "receiver";
  /** The greatest change of the source since the walk. */
  changed?: SourceChange;
  /** Whether the user knows that the source changes. */
  noted?: boolean;
  /** Checksums of the whole file, read before it was sent. */
  whole?: ContentSum;
}

const MAX_UNIT_BYTES = 32 << 20;
const MIN_UNIT_BYTES = 4 << 20;
/** Maximum number of units of a file that may have holes, because holes of any size are sent in no time. */
const MAX_SPARSE_UNITS = 4096;

/** Returns the maximum bytes of a unit, a multiple of a block. Each stream gets several units of a file. */
export function unitBytesOf(size: number, { blockBytes, streams, sparse }: SchedulerOptions): number {
  const inBlocks = (bytes: number) => Math.ceil(bytes / blockBytes) * blockBytes;
  const max = sparse ? Math.max(MAX_UNIT_BYTES, inBlocks(size / MAX_SPARSE_UNITS)) : MAX_UNIT_BYTES;
  return Math.min(max, Math.max(MIN_UNIT_BYTES, inBlocks(size / (streams * 4))));
}

/** Takes the next range of at most `unitBytes`. @returns undefined if there is none, or the file has failed. */
export function takeRange(file: LargeFile): PlannedRange | undefined {
  const range = file.failure ? undefined : file.todo[0];
  if (!range) return undefined;
  if (range.segments) return file.todo.shift();
  const end = Math.min(range.end, range.start + file.unitBytes);
  if (end === range.end) file.todo.shift();
  else file.todo[0] = { start: end, end: range.end };
  return { start: range.start, end };
}

/** Sets the failure of a file. Only the first one is reported. */
export function setFailure(file: LargeFile, failure: Failure, side: "sender" | "receiver"): void {
  file.failure ??= failure;
  file.failedSide ??= side;
}

/** Checks that missing and kept ranges of the receiver are all of a range, without overlaps. @throws {ProtocolError} */
export function checkRanges(ranges: ByteRange[], whole: ByteRange): void {
  let at = whole.start;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    if (start !== at || end <= start) throw wrongRanges();
    at = end;
  }
  if (at !== whole.end) throw wrongRanges();
}

/** Returns the failure of a file that cannot be joined from the ranges of shards. */
export function notJoined(path: string, problem: string): Failure {
  return {
    code: "",
    path,
    message: `Cannot finish ${quotePath(path)}: ${problem}`,
    hint: "Run all shards again, then finish the copy",
  };
}

/** Returns the error for ranges that are not those of their file. */
export function wrongRanges(): ProtocolError {
  return new ProtocolError("bad-message", "Cannot accept the ranges that the receiver requests");
}

/** Returns the error for an old file that was not requested. */
export function wrongDelta(): ProtocolError {
  return new ProtocolError("bad-message", "Cannot accept the old file that the receiver offers: it was not requested");
}

/** Returns the failure of a pipe or device whose stream broke. */
export function unrepeatable(path: string): Failure {
  return {
    code: "EPIPE",
    path,
    message: `Cannot send ${quotePath(path)}: its connection broke, and a pipe or device cannot be read again`,
    hint: "",
  };
}

/** Returns the failure of a file that the receiver has confirmed with other totals. */
export function otherTotals(path: string): Failure {
  return toFailure(checksumMismatch(path, "the receiver reports another size or CRC-32"));
}
