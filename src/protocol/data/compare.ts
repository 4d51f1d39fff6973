/**
 * Compare requests: the sender asks which entries the target has already, or verifies written files. Layout:
 * WIRE_FORMAT.md, "Compare requests".
 */

import { equals } from "../../bytes.ts";
import { ProtocolError } from "../../errors.ts";
import type { JobOptions } from "../control/job.ts";
import { getUint53, putUint53 } from "./records.ts";

/** Phase of a compare request. */
export const ComparePhase = {
  /** Compare size, time and type of each entry. */
  stat: 0,
  /** Compare the contents of files. Digests of the sender follow the records. */
  digest: 1,
  /** All digests of these files were equal: they count as unchanged. */
  finalize: 2,
} as const;

/** Added to a phase on the wire if the request verifies files that were just written. */
const VERIFIES = 4;

/** Response to one record, unless it is a failure. */
export const CompareResult = {
  /** The target has no entry of this name. */
  missing: 0,
  /** The target has the same entry. */
  same: 1,
  /** The target has another entry of this name, which sending would replace. */
  different: 2,
  /** The sizes are equal, and the contents must be compared. */
  undecided: 3,
} as const;

/** Length of the header, in bytes. */
export const COMPARE_HEADER_BYTES = 52;
/** Bit of the flags: last verification. */
const LAST = 1;
/** Length of a digest entry, in bytes: start and end of the range (u53 each), SHA-256. */
export const DIGEST_ENTRY_BYTES = 48;

/** The header of a compare request. */
export interface CompareHeader {
  /** Number of the unit, u32. */
  unit: number;
  /** Number of earlier attempts to send the unit, u32. */
  attempt: number;
  /** One of `ComparePhase`. */
  phase: number;
  /** Verify written files, without changing their attributes. Default: false. */
  verify?: boolean;
  /** Last verification: the response for a wrong file is its failure, not `different`. Default: false. */
  last?: boolean;
  /** Length of the records, in bytes. Digests follow them. */
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
 * Reads the header of the compare request in the payload bytes[at, end).
 *
 * @throws {ProtocolError} code "bad-record".
 */
export function readCompareHeader(view: DataView, at: number, end: number): CompareHeader {
  if (end - at < COMPARE_HEADER_BYTES) throw badRequest("it is truncated");
  const code = view.getUint32(at + 8, true);
  const verify = code >= VERIFIES;
  const phase = verify ? code - VERIFIES : code;
  const recordsBytes = view.getUint32(at + 12, true);
  const last = verify && (view.getUint8(at + 16) & LAST) !== 0;
  if (phase > ComparePhase.finalize) throw badRequest("its phase is unknown");
  const rest = end - at - COMPARE_HEADER_BYTES - recordsBytes;
  if (rest < 0) throw badRequest("its records are truncated");
  if (phase === ComparePhase.digest ? rest % DIGEST_ENTRY_BYTES !== 0 : rest !== 0) {
    throw badRequest("unexpected bytes follow its records");
  }
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

/** Digest for contents that the sender cannot read, or that differ from what it sent. No file has this digest. */
export const NO_DIGEST = new Uint8Array(SHA256_BYTES);

/** Returns whether two digests are equal. Not in constant time: digests of files are not secret to the peer. */
export const isSameDigest: (one: Uint8Array, other: Uint8Array) => boolean = equals;

/** Writes a digest entry to bytes[at, at + 48). */
export function writeDigest(bytes: Uint8Array, view: DataView, at: number, { start, end, digest }: RangeDigest): void {
  putUint53(view, at, start);
  putUint53(view, at + 8, end);
  bytes.set(digest, at + 16);
}

/**
 * Reads the digest entry at bytes[at, at + 48).
 *
 * @param size size of the file.
 * @throws {ProtocolError} code "bad-record" if the range is not inside the file.
 */
export function readDigest(bytes: Uint8Array, view: DataView, at: number, size: number): RangeDigest {
  const start = getUint53(view, at);
  const end = getUint53(view, at + 8);
  if (start > end || end > size) throw badRequest("a range is outside its file");
  return { start, end, digest: bytes.subarray(at + 16, at + DIGEST_ENTRY_BYTES) };
}

/** Comparison of entries that a job requests. */
export interface Comparison extends Pick<JobOptions, "skipExisting" | "onlyExisting" | "itemize"> {
  /** "nothing": existence only. "completions": whether an earlier run of the same copy has finished the file. */
  by: "nothing" | "times" | "contents" | "completions";
  /** Report the actions, and write nothing. */
  dryRun: boolean;
}

type ComparingOptions = Pick<JobOptions, "update" | "dryRun" | "skipExisting" | "onlyExisting" | "itemize">;

/** Returns the comparison of a job, undefined if all entries are sent without a comparison. */
export function comparisonOf(
  { update, dryRun, skipExisting, onlyExisting, itemize }: ComparingOptions,
): Comparison | undefined {
  if (!update && !dryRun && !skipExisting && !onlyExisting && !itemize) return undefined;
  const existence = { ...(skipExisting && { skipExisting }), ...(onlyExisting && { onlyExisting }) };
  return { by: update ?? "nothing", dryRun: dryRun ?? false, ...existence, ...(itemize && { itemize }) };
}

function badRequest(problem: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read a compare request from the peer: ${problem}`);
}
