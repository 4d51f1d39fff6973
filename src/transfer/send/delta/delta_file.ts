/**
 * A large file that replaces another one on the receiver. Requests the digests of the old file, searches the source for its
 * blocks, and plans what is sent: SESSIONS.md, "Delta transfer".
 */

import { fineRangeOf } from "../../../delta/refine.ts";
import {
  copiedBytes,
  type FineDigests,
  type FineRange,
  type LiteralSegment,
  type PlannedRange,
  type Segment,
} from "../../../delta/segments.ts";
import { createSignature, type SharedSignature, Signature } from "../../../delta/signature.ts";
import type { OldFile } from "../../../protocol/control/messages.ts";
import type { ByteRange } from "../../../protocol/data/range_sums.ts";
import {
  BLOCK_DIGEST_BYTES,
  COARSE_ENTRY_BYTES,
  FINE_BLOCK_BYTES,
  MAX_COARSE_BYTES,
  MAX_SIGNED_BYTES,
  MAX_SIGNED_RANGES,
  MIN_COARSE_BYTES,
} from "../../../protocol/data/signature.ts";
import type { ScanReport, SignatureReport } from "../../../streams/report.ts";
import type { RangedItem, ScanUnit, SignatureUnit } from "../../../streams/unit.ts";

/** Bytes of the old file per request, and of the source per search. */
const PART_BYTES = 32 << 20;
/** Maximum bytes of an old file that are used: the index of its blocks is in memory. */
const MAX_INDEXED_BYTES = 2 ** 42;

/** A unit without the fields that the queue sets. */
export type DeltaRequest = Omit<SignatureUnit, "unit" | "attempt"> | Omit<ScanUnit, "unit" | "attempt">;

/** Callbacks of a delta file. */
export interface DeltaFileHost {
  /** Adds a unit. @returns its number. */
  request(unit: DeltaRequest): number;
  /** A range can be sent. */
  planned(range: PlannedRange): void;
  /** Returns whether sending the file whole is faster. */
  isWholeFaster(): boolean;
  /** Maximum number of parts that are being searched or sent. */
  readonly maxParts: number;
}

/** Subject of a unit that is in progress. */
type Subject =
  | { part: ByteRange; type: "coarse" }
  | { part: ByteRange; type: "scan"; isEarly: boolean }
  | { part: RefinedPart; type: "fine"; wanted: Wanted[] };

/** A part whose literals are searched for small blocks. */
interface RefinedPart extends ByteRange {
  segments: Segment[];
  /** Number of requests without a response. */
  requests: number;
}

interface Wanted {
  literal: LiteralSegment;
  range: FineRange;
}

/** Returns the number of bytes per block: about twice the square root of the size, as a power of two. */
export function coarseBytesOf(size: number): number {
  const power = 2 ** Math.round(Math.log2(2 * Math.sqrt(size)));
  return Math.min(MAX_COARSE_BYTES, Math.max(MIN_COARSE_BYTES, power));
}

/** Plans one file. */
export class DeltaFile {
  readonly #file: number;
  readonly #item: RangedItem;
  readonly #old: OldFile;
  readonly #host: DeltaFileHost;
  /** Bytes of the old file that are used. */
  readonly #oldBytes: number;
  /** Signature of its whole blocks. */
  readonly #signature: SharedSignature;
  readonly #inProgress = new Map<number, Subject>();
  /** Ranges that are not searched yet. */
  readonly #todo: ByteRange[];
  /** Start of the first part of the old file whose digests are not requested. */
  #unrequested = 0;
  /** Requests for digests without a response. */
  #unsigned = 0;
  /** Starts of the parts of the old file whose digests have arrived. */
  readonly #signed = new Set<number>();
  /** Whether a part of the source has moved, so that the search needs all digests. */
  #isShifted = false;
  /** Number of parts that are being searched or sent. */
  #parts = 0;
  #isWhole = false;

  /** @param missing ranges to send, in order. */
  constructor(file: number, item: RangedItem, missing: readonly ByteRange[], old: OldFile, host: DeltaFileHost) {
    this.#file = file;
    this.#item = item;
    this.#old = old;
    this.#host = host;
    this.#todo = missing.map(({ start, end }) => ({ start, end }));
    // A hostile receiver could report any size.
    this.#oldBytes = Math.min(old.size, 2 * item.size, MAX_INDEXED_BYTES);
    const blockBytes = coarseBytesOf(this.#oldBytes);
    this.#signature = createSignature(wholeBlocks(this.#oldBytes, blockBytes), blockBytes);
  }

  /** Key of the digests. */
  get key(): Uint8Array<ArrayBuffer> {
    return this.#old.key;
  }

  /** Requests the digests of the old file, in order. */
  start(): void {
    const { size, blockBytes } = this.#signature;
    if (size === 0) this.#sendWhole();
    while (this.#unsigned < 2 * this.#host.maxParts && this.#unrequested < size) {
      const start = this.#unrequested;
      const part = { start, end: Math.min(size, start + PART_BYTES) };
      this.#unrequested = part.end;
      this.#unsigned++;
      this.#request({ type: "signature", file: this.#file, blockBytes, ranges: [part] }, { part, type: "coarse" });
    }
  }

  /** Handles the report of a unit. */
  report(report: SignatureReport | ScanReport): void {
    const subject = this.#inProgress.get(report.unit);
    if (!subject) return;
    this.#inProgress.delete(report.unit);
    if (subject.type === "scan") this.#scanned(subject, report.type === "scan" ? report.segments : undefined);
    else {
      const digests = report.type === "signature" ? report.digests : undefined;
      if (subject.type === "coarse") this.#digested(subject.part, digests);
      else this.#refined(subject, digests);
    }
  }

  /** Whether all ranges are planned. */
  get isPlanned(): boolean {
    return this.#todo.length === 0 && this.#inProgress.size === 0;
  }

  /** A planned range with segments was sent: another part may be searched. */
  sent(): void {
    this.#parts--;
    this.#scanMore();
  }

  #request(unit: DeltaRequest, subject: Subject): void {
    this.#inProgress.set(this.#host.request(unit), subject);
  }

  #digested({ start }: ByteRange, digests: Uint8Array | undefined): void {
    this.#unsigned--;
    const { entries, blockBytes } = this.#signature;
    if (!digests || this.#isWhole) return this.#sendWhole();
    new Uint8Array(entries).set(digests, start / blockBytes * COARSE_ENTRY_BYTES);
    this.#signed.add(start);
    if (this.#host.isWholeFaster()) return this.#sendWhole();
    this.start();
    if (this.#hasAllDigests) new Signature(this.#signature).index();
    this.#scanMore();
  }

  get #hasAllDigests(): boolean {
    return this.#unsigned === 0 && this.#unrequested === this.#signature.size;
  }

  /** Returns whether the digests of a range of the old file have arrived. */
  #isSigned({ start, end }: ByteRange): boolean {
    if (end > this.#signature.size) return false;
    for (let at = start - start % PART_BYTES; at < end; at += PART_BYTES) if (!this.#signed.has(at)) return false;
    return true;
  }

  /** Sends what is not searched yet without a search. */
  #sendWhole(): void {
    this.#isWhole = true;
    for (const range of this.#todo.splice(0)) this.#host.planned(range);
  }

  /** Searches further parts. Before all digests have arrived, only at the old offsets. */
  #scanMore(): void {
    if (this.#host.isWholeFaster()) this.#sendWhole();
    while (this.#parts < this.#host.maxParts && this.#todo.length > 0) {
      const range = this.#todo[0];
      const part = { start: range.start, end: Math.min(range.end, range.start + PART_BYTES) };
      const isEarly = !this.#hasAllDigests;
      if (isEarly && (this.#isShifted || !this.#isSigned(part))) return;
      if (part.end === range.end) this.#todo.shift();
      else range.start = part.end;
      this.#parts++;
      const { root, path, identity } = this.#item;
      const source = { file: this.#file, root, path, identity };
      const { key, inPlace = false } = this.#old;
      const unit = { type: "scan" as const, ...source, ...part, key, signature: this.#signature };
      this.#request({ ...unit, inPlace: inPlace || isEarly }, { part, type: "scan", isEarly: isEarly && !inPlace });
    }
  }

  #scanned({ part, isEarly }: Subject & { type: "scan" }, segments: Segment[] | undefined): void {
    // The source could not be read. Sending it reports the failure.
    if (!segments) return this.#host.planned({ ...part, segments: [{ ...part }] });
    if (isEarly && 2 * copiedBytes(segments) < part.end - part.start) return this.#scanAgain(part);
    const wanted = segments.flatMap((literal, index): Wanted[] => {
      if (literal.old !== undefined || literal.isHole) return [];
      const range = this.#fineRange(segments, index);
      return range ? [{ literal, range }] : [];
    });
    const refined: RefinedPart = { ...part, segments, requests: 0 };
    for (const request of requestsOf(wanted)) {
      refined.requests++;
      const ranges = request.map(({ range: { start, end } }) => ({ start, end }));
      const unit = { type: "signature" as const, file: this.#file, blockBytes: FINE_BLOCK_BYTES, ranges };
      this.#request(unit, { part: refined, type: "fine", wanted: request });
    }
    if (refined.requests === 0) this.#host.planned({ ...part, segments });
  }

  /** Searches a part again that has moved in the file, when all digests have arrived. */
  #scanAgain(part: ByteRange): void {
    if (this.#isWhole) return this.#host.planned({ ...part, segments: [{ ...part }] });
    this.#isShifted = true;
    this.#parts--;
    this.#todo.unshift(part);
    this.#scanMore();
  }

  #fineRange(segments: readonly Segment[], index: number): FineRange | undefined {
    const range = fineRangeOf(segments, index, wholeBlocks(this.#oldBytes, FINE_BLOCK_BYTES));
    return range && this.#old.inPlace ? { ...range, shifts: [0] } : range;
  }

  #refined({ part, wanted }: Subject & { type: "fine" }, digests: Uint8Array | undefined): void {
    let at = 0;
    for (const { literal, range } of digests ? wanted : []) {
      const bytes = (range.end - range.start) / FINE_BLOCK_BYTES * BLOCK_DIGEST_BYTES;
      literal.fine = { ...range, digests: digests!.slice(at, at + bytes) } satisfies FineDigests;
      at += bytes;
    }
    part.requests--;
    const { start, end, segments } = part;
    if (part.requests === 0) this.#host.planned({ start, end, segments });
  }
}

function wholeBlocks(bytes: number, blockBytes: number): number {
  return bytes - bytes % blockBytes;
}

/** Groups ranges into requests. */
function requestsOf(wanted: readonly Wanted[]): Wanted[][] {
  const requests: Wanted[][] = [];
  let bytes = Infinity;
  for (const each of wanted) {
    const length = each.range.end - each.range.start;
    if (bytes + length > MAX_SIGNED_BYTES || requests.at(-1)!.length === MAX_SIGNED_RANGES) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)!.push(each);
    bytes += length;
  }
  return requests;
}
