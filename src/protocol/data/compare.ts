/**
 * Asks: what a sender wants to know before it sends: which of these entries are at the target already. Layout in
 * PROTOCOL.md, "Asks".
 */

import { ProtocolError } from "../../errors.ts";
import type { JobOptions } from "../control/job.ts";
import { getUint53, putUint53 } from "./records.ts";

/** What an ask wants done with its records. */
export const ComparePhase = {
  /** Look at what is there, and say what that means for each record. */
  stat: 0,
  /** Compare the contents of files by digests: those of the sender follow the records. */
  digest: 1,
  /** All digests of these files were the same: they count as unchanged. */
  finalize: 2,
} as const;

/** Added to a phase on the wire: the entries were just written, and are verified. */
const VERIFIES = 4;

/** The answer to one record, where it is no failure. */
export const CompareResult = {
  /** Nothing has this name. */
  missing: 0,
  /** It is there already. */
  same: 1,
  /** Something else is there, which would be replaced. */
  different: 2,
  /** Only contents can tell: it has the same size. */
  undecided: 3,
} as const;

/** Bytes of the header: unit (u32), attempt (u32), phase (u32), bytes of records (u32), flags (u8), zeros. */
export const COMPARE_HEADER_BYTES = 52;
/** Bit of the flags: what is not the same shall not keep its name. */
const LAST = 1;
/** Bytes of a digest's entry: start and end of the range (u53 each), SHA-256. */
export const DIGEST_BYTES = 48;

/** An ask frame's header. */
export interface CompareHeader {
  /** The unit of work, u32. */
  unit: number;
  /** How often the unit was begun before, u32. */
  attempt: number;
  /** One of `AskPhase`. */
  phase: number;
  /** What was written is verified: no attributes are changed for it. Left out: no. */
  verify?: boolean;
  /** It is verified for the last time: what is not the same shall not keep its name. Left out: no. */
  last?: boolean;
  /** Bytes of the records, which follow the header; what follows them are digests. */
  recordsBytes: number;
}

/** Writes the header to bytes[at, at + 52). */
export function writeCompareHeader(
  view: DataView,
  at: number,
  { unit, attempt, phase, verify, last, recordsBytes }: CompareHeader,
): void {
  view.setUint32(at, unit, true);
  view.setUint32(at + 4, attempt, true);
  view.setUint32(at + 8, phase + (verify ? VERIFIES : 0), true);
  view.setUint32(at + 12, recordsBytes, true);
  for (let rest = 16; rest < COMPARE_HEADER_BYTES; rest += 4) view.setUint32(at + rest, 0, true);
  view.setUint8(at + 16, last ? LAST : 0);
}

/**
 * Reads the header of an ask frame with the payload bytes[at, end).
 *
 * @throws {ProtocolError} code "bad-record".
 */
export function readCompareHeader(view: DataView, at: number, end: number): CompareHeader {
  if (end - at < COMPARE_HEADER_BYTES) throw badAsk("it is cut short");
  const code = view.getUint32(at + 8, true);
  const verify = code >= VERIFIES;
  const phase = verify ? code - VERIFIES : code;
  const recordsBytes = view.getUint32(at + 12, true);
  const last = verify && (view.getUint8(at + 16) & LAST) !== 0;
  if (phase > ComparePhase.finalize) throw badAsk("its phase is not known");
  const rest = end - at - COMPARE_HEADER_BYTES - recordsBytes;
  if (rest < 0) throw badAsk("its records are cut short");
  if (phase === ComparePhase.digest ? rest % DIGEST_BYTES !== 0 : rest !== 0) throw badAsk("something else follows it");
  return {
    unit: view.getUint32(at, true),
    attempt: view.getUint32(at + 4, true),
    phase,
    ...(verify ? { verify } : {}),
    ...(last ? { last } : {}),
    recordsBytes,
  };
}

/** The digest of bytes [start, end) of a file. */
export interface RangeDigest {
  start: number;
  end: number;
  /** 32 bytes. */
  digest: Uint8Array;
}

/** Bytes of a SHA-256 digest. */
export const SHA256_BYTES = 32;

/** What stands for contents that the sender cannot read, or that are not what it sent: no file has this digest. */
export const NO_DIGEST = new Uint8Array(SHA256_BYTES);

/** Whether two digests are the same. */
export function isSameDigest(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** Writes an entry to bytes[at, at + 48). */
export function writeDigest(bytes: Uint8Array, view: DataView, at: number, { start, end, digest }: RangeDigest): void {
  putUint53(view, at, start);
  putUint53(view, at + 8, end);
  bytes.set(digest, at + 16);
}

/**
 * Reads the entry at bytes[at, at + 48).
 *
 * @throws {ProtocolError} code "bad-record" for a range that does not lie in a file of this size.
 */
export function readDigest(bytes: Uint8Array, view: DataView, at: number, size: number): RangeDigest {
  const start = getUint53(view, at);
  const end = getUint53(view, at + 8);
  if (start > end || end > size) throw badAsk("a range lies beyond its file");
  return { start, end, digest: bytes.subarray(at + 16, at + DIGEST_BYTES) };
}

/** What a receiver is asked to compare, and whether it may change anything. */
export interface Comparison {
  /** "nothing": only whether something is there; "memory": whether an earlier run of the same copy has finished it. */
  by: "nothing" | "times" | "contents" | "memory";
  /** Nothing is written: what would be done is only told. */
  dryRun: boolean;
}

/** What a job says of it; undefined when everything is sent unasked. */
export function comparisonOf({ update, dryRun }: Pick<JobOptions, "update" | "dryRun">): Comparison | undefined {
  return update || dryRun ? { by: update ?? "nothing", dryRun: dryRun ?? false } : undefined;
}

function badAsk(state: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read what the other side asks: ${state}`);
}
