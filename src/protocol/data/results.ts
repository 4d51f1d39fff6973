/**
 * Results of units, which the receiver sends on the stream of the unit, one per frame. Layout: WIRE_FORMAT.md, "Results".
 */

import { ProtocolError } from "../../errors.ts";
import { decodeName, encodeName } from "../names.ts";
import type { Failure } from "../failure.ts";
import { getUint53, putUint53 } from "./records.ts";

/** The result of one pack frame, with an outcome for each record other than `enter`. */
export interface PackResult {
  type: "pack";
  unit: number;
  /** CRC-32 of the written contents, or the failure. */
  outcomes: (number | Failure)[];
}

/** The response to a compare request, with an outcome for each record other than `enter`. */
export interface CompareResponse {
  type: "answer";
  unit: number;
  /** One of `CompareResult` (compare.ts), or the reason why the entry cannot be written. */
  outcomes: (number | Failure)[];
}

/** The result of a range of a large file. */
export interface RangeResult {
  type: "range";
  unit: number;
  /** Number of bytes written. */
  bytes: number;
  /** CRC-32 of the range. */
  crc32: number;
  failure?: Failure;
}

/** The progress of the receiver. */
export interface ProgressResult {
  type: "progress";
  /** Number of bytes received on this stream and written. */
  bytes: number;
}

/** The response to a signature request. */
export interface SignatureResponse {
  type: "signature";
  unit: number;
  /** The digests (signature.ts); undefined if the old file cannot be read any more. */
  digests?: Uint8Array;
}

/** The payload of a result frame. */
export type Result = PackResult | RangeResult | ProgressResult | CompareResponse | SignatureResponse;

/** A result that belongs to a unit. */
export type UnitResult = Exclude<Result, ProgressResult>;

const TYPE = { pack: 1, range: 2, progress: 3, answer: 4, signature: 5 } as const;
const MAX_TEXT_BYTES = 2048;
/** Maximum length of all texts of one result: a result frame must not be larger than a data frame. */
const ALL_TEXTS_BYTES = 512 << 10;
const TEXTS = 4;
const NO_DIGESTS = new Uint8Array();
/** Maximum length of a signature response without its digests. */
export const SIGNATURE_RESULT_BYTES = 9;

/** Returns the maximum length of a result, in bytes. @param failures number of outcomes that are failures. */
export function resultBytesLimit(outcomes: number, failures: number): number {
  return 32 + outcomes * 5 + failures * TEXTS * (2 + textLimit(failures));
}

/** Returns the maximum length of each text. Longer texts are truncated; more failures get shorter texts. */
function textLimit(failures: number): number {
  return Math.min(MAX_TEXT_BYTES, Math.floor(ALL_TEXTS_BYTES / TEXTS / Math.max(1, failures)));
}

/**
 * Writes a result at offset `at`.
 *
 * @returns the offset after it.
 */
export function writeResult(view: DataView, at: number, result: Result): number {
  view.setUint8(at, TYPE[result.type]);
  at += 1;
  if (result.type === "progress") {
    putUint53(view, at, result.bytes);
    return at + 8;
  }
  view.setUint32(at, result.unit, true);
  at += 4;
  if (result.type === "signature") {
    const { digests = NO_DIGESTS } = result;
    view.setUint32(at, digests.length, true);
    new Uint8Array(view.buffer, view.byteOffset + at + 4, digests.length).set(digests);
    return at + 4 + digests.length;
  }
  if (result.type === "range") {
    putUint53(view, at, result.bytes);
    return writeOutcome(view, at + 8, result.failure ?? result.crc32, MAX_TEXT_BYTES);
  }
  view.setUint32(at, result.outcomes.length, true);
  at += 4;
  const limit = textLimit(result.outcomes.filter((outcome) => typeof outcome !== "number").length);
  for (const outcome of result.outcomes) at = writeOutcome(view, at, outcome, limit);
  return at;
}

/**
 * Reads the result in bytes[at, end).
 *
 * @throws {ProtocolError} code "bad-result".
 */
export function readResult(view: DataView, at: number, end: number): Result {
  const cursor = new Cursor(view, at, end);
  const type = cursor.uint8();
  const result = readBody(cursor, type);
  if (!cursor.done) throw badResult("unexpected bytes follow it");
  return result;
}

function readBody(cursor: Cursor, type: number): Result {
  if (type === TYPE.progress) return { type: "progress", bytes: cursor.uint53() };
  if (type === TYPE.range) {
    const unit = cursor.uint32();
    const bytes = cursor.uint53();
    const outcome = cursor.outcome();
    return typeof outcome === "number"
      ? { type: "range", unit, bytes, crc32: outcome }
      : { type: "range", unit, bytes, crc32: 0, failure: outcome };
  }
  if (type === TYPE.signature) {
    const unit = cursor.uint32();
    const digests = cursor.bytes(cursor.uint32());
    return digests.length === 0 ? { type: "signature", unit } : { type: "signature", unit, digests };
  }
  if (type !== TYPE.pack && type !== TYPE.answer) throw badResult(`type ${type} is unknown`);
  const unit = cursor.uint32();
  const count = cursor.uint32();
  // An outcome has at least five bytes. Reject a larger count before memory is allocated for it.
  if (count * 5 > cursor.left) throw badResult(`it is too short for ${count} outcomes`);
  const outcomes = Array.from({ length: count }, () => cursor.outcome());
  return { type: type === TYPE.pack ? "pack" : "answer", unit, outcomes };
}

function writeOutcome(view: DataView, at: number, outcome: number | Failure, limit: number): number {
  if (typeof outcome === "number") {
    view.setUint8(at, 0);
    view.setUint32(at + 1, outcome, true);
    return at + 5;
  }
  view.setUint8(at++, 1);
  for (const text of [outcome.code, outcome.path, outcome.message, outcome.hint]) at = writeText(view, at, text, limit);
  return at;
}

function writeText(view: DataView, at: number, text: string, limit: number): number {
  const bytes = cut(encodeName(text), limit);
  view.setUint16(at, bytes.length, true);
  new Uint8Array(view.buffer, view.byteOffset + at + 2, bytes.length).set(bytes);
  return at + 2 + bytes.length;
}

/** Returns at most `limit` bytes, without an incomplete UTF-8 sequence at the end. */
function cut(bytes: Uint8Array, limit: number): Uint8Array {
  if (bytes.length <= limit) return bytes;
  let end = limit;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

class Cursor {
  #view: DataView;
  #at: number;
  #end: number;

  constructor(view: DataView, at: number, end: number) {
    this.#view = view;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at === this.#end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  uint53(): number {
    const value = getUint53(this.#view, this.#take(8));
    if (!Number.isSafeInteger(value)) throw badResult("a count is out of range");
    return value;
  }

  /** Returns a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length).slice();
  }

  outcome(): number | Failure {
    const status = this.uint8();
    if (status === 0) return this.uint32();
    if (status !== 1) throw badResult(`status ${status} is unknown`);
    return { code: this.#text(), path: this.#text(), message: this.#text(), hint: this.#text() };
  }

  #text(): string {
    const length = this.#view.getUint16(this.#take(2), true);
    if (length > MAX_TEXT_BYTES) throw badResult(`a text of ${length} bytes`);
    const at = this.#take(length);
    return decodeName(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length));
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#end) throw badResult("it is truncated");
    this.#at = at + bytes;
    return at;
  }
}

function badResult(problem: string): ProtocolError {
  return new ProtocolError("bad-result", `Cannot read a result from the peer: ${problem}`);
}
