/** Compares single records with the entries at the target. */

import { FileError, ProtocolError } from "../../errors.ts";
import type { LinkDestinations } from "../../files/engine/link_destinations.ts";
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
  /** Directories whose unchanged files are linked to. They are compared if an entry is missing or different. */
  links?: LinkDestinations;
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
   * @param exists whether the directory of the record exists.
   * @returns one of `CompareResult`.
   * @throws {FileError} if the entry cannot be examined, or obstructs the record.
   */
  compare(
    { phase, verify = false }: Pick<CompareHeader, "phase" | "verify">,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    range: RangeDigest | undefined,
    exists = true,
  ): number | Promise<number> {
    this.digest = undefined;
    const { links, comparison } = this.#options;
    const isUpdate = comparison?.by === "times" || comparison?.by === "contents";
    if (links && isUpdate && !verify && cursor.type === RecordType.file) {
      return this.#compareLinkable(links, phase, cursor, bytes, { range, exists });
    }
    if (!exists) return CompareResult.missing;
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

  /**
   * Compares a file with the target, or else with the link destinations, and links to a file that is the same. Contents are
   * compared in several requests, so each of them chooses the file by the same rule.
   */
  #compareLinkable(
    links: LinkDestinations,
    phase: number,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    { range, exists }: { range: RangeDigest | undefined; exists: boolean },
  ): number | Promise<number> {
    const target = this.#target;
    const { by, dryRun } = this.#options.comparison!;
    readAttributes(cursor, this.#expected);
    const found = exists && target.examine(cursor, bytes);
    if (found && target.stat.kind === FileKind.directory) throw failedWith("write", target.path, "EISDIR");
    if (found && target.isSource(cursor)) return CompareResult.same;
    // The attributes of a file that may have other names in the link destinations are not changed.
    const isUnchanged = found && target.stat.kind === FileKind.file && target.stat.size === cursor.size &&
      target.hasAttributes(this.#expected);
    if (!isUnchanged && !links.find(cursor, bytes, this.#expected)) {
      return found ? CompareResult.different : CompareResult.missing;
    }
    const settle = () => {
      if (!isUnchanged && !dryRun && !tryLink(links)) return CompareResult.different;
      return CompareResult.same;
    };
    if (by === "times") return settle();
    if (phase === ComparePhase.stat) return CompareResult.undecided;
    if (!range) return settle();
    const reader = isUnchanged ? target.open() : links.open();
    return this.#hasDigest(reader, range).then((same) => {
      if (!same) return CompareResult.different;
      return isWhole(range, cursor) ? settle() : CompareResult.same;
    });
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
    // Equal times do not prove equal contents.
    const isSame = isSameTime(stat, this.#expected) && !target.mayBeMoved(this.#expected);
    return isSame ? this.#finalize(cursor, false) : CompareResult.different;
  }

  /** Compares with the record of earlier runs. Contents have to confirm a record from before the last boot. */
  #compareCompletion(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): number {
    const known = this.#finished?.known(cursor, bytes, this.#target.stat) ?? Known.no;
    if (known === Known.no) return CompareResult.different;
    return known === Known.yes ? this.#finalize(cursor, false) : CompareResult.undecided;
  }

  async #compareRange(cursor: RecordCursor, range: RangeDigest, verify: boolean): Promise<number> {
    if (!await this.#hasDigest(this.#target.open(), range)) return CompareResult.different;
    return isWhole(range, cursor) ? this.#finalize(cursor, verify) : CompareResult.same;
  }

  /** Returns whether the contents of a file have the digest of the sender. Closes the file. */
  async #hasDigest(reader: RangeReader, range: RangeDigest): Promise<boolean> {
    try {
      if (this.#options.verifies) reader.forgetCache();
      const digest = await this.#digestRange(reader, range);
      if (!digest || !isSameDigest(digest, range.digest)) return false;
      this.digest = digest;
      return true;
    } finally {
      reader.close();
    }
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

/** Links to the current file. Returns whether that was possible: otherwise the file is sent. */
function tryLink(links: LinkDestinations): boolean {
  try {
    links.link();
    return true;
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}
