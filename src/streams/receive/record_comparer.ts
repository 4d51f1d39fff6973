/** Compares single records with the entries at the target. */

import { ProtocolError } from "../../errors.ts";
import type { RangeReader } from "../../files/engine/source.ts";
import { isSameTime, type TargetComparer } from "../../files/engine/target_comparer.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { failedWith } from "../../files/stat/file_failure.ts";
import { FileKind, FileStat } from "../../files/stat/file_stat.ts";
import { readAttributes } from "../../files/stat/record_attributes.ts";
import {
  type CompareHeader,
  ComparePhase,
  CompareResult,
  type Comparison,
  isSameDigest,
  type RangeDigest,
} from "../../protocol/data/compare.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import { type RecordCursor, RecordType } from "../../protocol/data/records.ts";
import { Known } from "../../resume/run/digest_set.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";

/** Options for comparing records. */
export interface RecordComparerOptions {
  /** Comparison of entries before they are sent; undefined: only written entries are verified. */
  comparison?: Comparison;
  /** Whether written entries are verified. */
  verifies: boolean;
  /** Whether files and links replace directories. Default: no. */
  replaces?: boolean;
  /** Files that earlier runs have finished. */
  finished?: FinishedFiles;
  /** Whether digests of files from earlier runs are listed. Default: false. */
  digests?: boolean;
  yielder: EventLoopYielder;
}

/** Compares records one after the other. The target's current directory must be that of the record. */
export class RecordComparer {
  /** SHA-256 of the file that was compared last, if its contents were read. */
  digest?: Uint8Array;
  readonly #target: TargetComparer;
  readonly #options: RecordComparerOptions;
  /** Files of earlier runs, if the comparison uses them. */
  readonly #finished: FinishedFiles | undefined;
  /** Attributes of the current record. */
  readonly #expected = new FileStat();
  #digesting?: typeof import("../../files/target/content_digest.ts");

  constructor(target: TargetComparer, options: RecordComparerOptions) {
    this.#target = target;
    this.#options = options;
    this.#finished = options.comparison?.by === "completions" ? options.finished : undefined;
  }

  /**
   * Compares a record with the entry of its name. Updates the attributes of an entry that is the same.
   *
   * @param range digest of the sender, in phase `digest`.
   * @returns one of `CompareResult`.
   * @throws {FileError} if the entry cannot be examined, or obstructs the record.
   */
  compare(
    { phase, verify = false }: Pick<CompareHeader, "phase" | "verify">,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    range: RangeDigest | undefined,
  ): number | Promise<number> {
    this.digest = undefined;
    if (phase === ComparePhase.stat) return this.#compareStat(cursor, bytes, verify);
    if (cursor.type !== RecordType.file) {
      throw new ProtocolError("bad-record", "Cannot compare the contents of an entry that is not a file");
    }
    const { stat } = this.#target;
    if (!this.#target.examine(cursor, bytes)) return CompareResult.missing;
    if (stat.kind !== FileKind.file || stat.size !== cursor.size) return CompareResult.different;
    if (range) return this.#compareRange(cursor, range, verify);
    return this.#options.digests && this.#finished && !verify
      ? this.#finalizeListed(cursor)
      : this.#finalize(cursor, verify);
  }

  #compareStat(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, verify: boolean): number {
    const target = this.#target;
    if (!target.examine(cursor, bytes)) return CompareResult.missing;
    const { stat } = target;
    if (!verify && this.#options.comparison!.skipExisting) return CompareResult.same;
    if (stat.kind === FileKind.directory) {
      if (this.#options.replaces && !verify) return CompareResult.different;
      throw failedWith("write", target.path, "EISDIR");
    }
    if (!verify && cursor.type === RecordType.file && target.isSource(cursor)) return CompareResult.same;
    const by = verify ? "contents" : this.#options.comparison!.by;
    if (by === "nothing" || (by === "completions" && cursor.type !== RecordType.file)) return CompareResult.different;
    if (cursor.type !== RecordType.file) {
      return target.isLink(cursor, bytes) ? CompareResult.same : CompareResult.different;
    }
    if (stat.kind !== FileKind.file || stat.size !== cursor.size) return CompareResult.different;
    if (by === "contents") return CompareResult.undecided;
    if (by === "completions") return this.#compareCompletion(cursor, bytes);
    readAttributes(cursor, this.#expected);
    return isSameTime(stat, this.#expected) ? this.#finalize(cursor, false) : CompareResult.different;
  }

  /** Compares with the record of earlier runs. Contents have to confirm a record from before the last boot. */
  #compareCompletion(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): number {
    const known = this.#finished?.known(cursor, bytes, this.#target.stat) ?? Known.no;
    if (known === Known.no) return CompareResult.different;
    return known === Known.yes ? this.#finalize(cursor, false) : CompareResult.undecided;
  }

  async #compareRange(cursor: RecordCursor, range: RangeDigest, verify: boolean): Promise<number> {
    const reader = this.#target.open();
    try {
      if (this.#options.verifies) reader.forgetCache();
      const digest = await this.#digestRange(reader, range);
      if (!digest || !isSameDigest(digest, range.digest)) return CompareResult.different;
      this.digest = digest;
    } finally {
      reader.close();
    }
    return isWhole(range, cursor) ? this.#finalize(cursor, verify) : CompareResult.same;
  }

  /** Finalizes a file whose ranges are equal to those of the source, after reading the whole file again for its digest. */
  async #finalizeListed(cursor: RecordCursor): Promise<number> {
    const reader = this.#target.open();
    try {
      this.digest = await this.#digestRange(reader, { start: 0, end: cursor.size });
      if (!this.digest || reader.changeSince() !== FileChange.none) return CompareResult.different;
    } finally {
      reader.close();
    }
    return this.#finalize(cursor, false);
  }

  /** Updates the attributes of a file that has the same contents. */
  #finalize(cursor: RecordCursor, verify: boolean): number {
    if (verify || this.#options.comparison!.dryRun) return CompareResult.same;
    readAttributes(cursor, this.#expected);
    this.#target.updateAttributes(this.#expected, cursor.xattrs());
    return CompareResult.same;
  }

  async #digestRange(reader: RangeReader, { start, end }: ByteRange): Promise<Uint8Array | undefined> {
    const { sumRange } = this.#digesting ??= await import("../../files/target/content_digest.ts");
    return (await sumRange(reader, start, end, () => this.#options.yielder.yieldIfDue()))?.digest;
  }
}

/** Returns whether a digest is that of the whole file, which then decides about the file. */
export function isWhole({ start, end }: RangeDigest, { size }: RecordCursor): boolean {
  return end - start === size;
}
