/** Answers asks: holds records against what is at the target, where nothing is made for it. */

import { FileError, ProtocolError, quotePath } from "../../errors.ts";
import type { KeptBackup } from "../../files/engine/target.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { RangeReader } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { failedWith } from "../../files/stat/file_failure.ts";
import { FileKind, FileStat } from "../../files/stat/file_stat.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { readAttributes } from "../../files/stat/record_attributes.ts";
import { PRIVATE_NAME } from "../../files/path/private_names.ts";
import { isSameTime, type TargetComparer } from "../../files/engine/target_comparer.ts";
import {
  type CompareHeader,
  ComparePhase,
  CompareResult,
  type Comparison,
  DIGEST_BYTES,
  isSameDigest,
  NO_DIGEST,
  type RangeDigest,
  readDigest,
} from "../../protocol/data/compare.ts";
import { PACK_RECORDS } from "../../protocol/limits.ts";
import { decodeName } from "../../protocol/names.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import { RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { Known } from "../../resume/run/digest_set.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { toFailure } from "../failure.ts";
import { NameGuard } from "./name_guard.ts";
import { directoryAttributes } from "./pack_receiver.ts";
import type { FilePlace, ReceivedPack } from "../unit.ts";

/** What stands in the way of an entry whatever is sent; anything else may go well when it is written. */
const OBSTACLES: readonly (string | undefined)[] = ["EISDIR", "ENOTDIR", "ELOOP", PRIVATE_NAME];

/** With what asks are answered. */
export interface CompareReceiverOptions {
  roots: readonly TargetRoot[];
  yielder: EventLoopYielder;
  /** Whether the sender may ask about what is written. */
  verifies: boolean;
  /** What earlier runs have finished. */
  finished?: FinishedFiles;
  /** Reports list files of earlier runs, with their digests, and files that lose their names. Default false. */
  digests?: boolean;
  /** Returns whether a file is a backup of this copy. Default: there is no backup. */
  isKept?: (backup: KeptBackup) => Promise<boolean>;
}

/** Answers the asks of one stream. */
export class CompareReceiver {
  readonly #target: TargetComparer;
  readonly #guard: NameGuard;
  readonly #options: Comparison | undefined;
  readonly #verifies: boolean;
  readonly #finished: FinishedFiles | undefined;
  readonly #listsDigests: boolean;
  readonly #isKept: (backup: KeptBackup) => Promise<boolean>;
  #directory = "";
  /** Of the file that was settled last, where it is listed. */
  #settledDigest?: Uint8Array;
  readonly #yielder: EventLoopYielder;
  readonly #wanted = new FileStat();
  #digests?: typeof import("../../files/target/content_digest.ts");

  /** @param options what the sender may ask before it sends. */
  constructor(target: TargetComparer, options: Comparison | undefined, more: CompareReceiverOptions) {
    const { roots, yielder, verifies, finished, digests = false, isKept = () => Promise.resolve(false) } = more;
    this.#isKept = isKept;
    this.#guard = new NameGuard(roots);
    this.#verifies = verifies;
    this.#finished = options?.by === "memory" ? finished : undefined;
    this.#listsDigests = digests;
    this.#target = target;
    this.#yielder = yielder;
    this.#options = options;
  }

  /**
   * Answers the ask whose records begin at bytes[start], in a payload that ends at bytes[end].
   *
   * @returns what to tell the main thread, and the verdict on each record for the sender.
   * @throws {ProtocolError} when a record is not what a sender may ask about.
   */
  async receive(
    { unit, attempt, phase, verify = false, last = false, recordsBytes }: CompareHeader,
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView,
    start: number,
    end: number,
  ): Promise<{ report: ReceivedPack; outcomes: (number | Failure)[] }> {
    if (verify ? !this.#verifies : !this.#options) {
      throw new ProtocolError("bad-frame", "Cannot accept an ask: the job has no place for it");
    }
    const counts = { files: 0, bytes: 0, skipped: 0 };
    const report: ReceivedPack = { type: "pack", unit, attempt, ...counts, failures: [], directories: [], created: [] };
    const outcomes: (number | Failure)[] = [];
    let digestAt = start + recordsBytes;
    const cursor = new RecordCursor(bytes, start, digestAt, { plan: true });
    let directory: number | Failure | undefined;
    while (cursor.next()) {
      const entering = cursor.type === RecordType.enter || cursor.type === RecordType.directory;
      let range: RangeDigest | undefined;
      if (phase === ComparePhase.digest && cursor.type === RecordType.file) {
        if (digestAt === end) throw new ProtocolError("bad-record", "Cannot compare contents without a digest");
        range = readDigest(bytes, view, digestAt, cursor.size);
        digestAt += DIGEST_BYTES;
      }
      let outcome: number | Failure;
      let isRefused = false;
      try {
        if (entering) directory = undefined;
        if (entering) outcome = directory = this.#enter(cursor, bytes, verify ? undefined : report);
        else if (directory === undefined) throw inNoDirectory();
        else {outcome = directory === CompareResult.same
            ? await this.#judge({ phase, verify }, cursor, bytes, range)
            : directory;}
      } catch (error) {
        isRefused = error instanceof FileError && error.code === PRIVATE_NAME;
        outcome = failureOf(error, verify);
        if (entering) directory = outcome;
      }
      if (verify && !entering && (outcome === CompareResult.different || outcome === CompareResult.missing)) {
        // What the sender cannot read, or reads otherwise now, may be right here.
        const isReadable = !range || !isSameDigest(range.digest, NO_DIGEST);
        const isWrong = outcome === CompareResult.different && directory === CompareResult.same && isReadable &&
          !isRefused;
        const why = isWrong ? await this.#takeAway(cursor, bytes) : outcome;
        if (this.#listsDigests && (last || why !== CompareResult.different)) {
          (report.lost ??= []).push(this.#placeOf(cursor, bytes));
        }
        if (last) outcome = why;
      }
      if (cursor.type === RecordType.enter) continue;
      if (outcomes.push(outcome) > PACK_RECORDS) {
        throw new ProtocolError("bad-record", `Cannot accept more than ${PACK_RECORDS} records in one frame`);
      }
      if (typeof outcome !== "number") {
        // Of what is verified the sender says what became of it.
        if (!verify) report.failures.push(outcome);
      } else if (outcome === CompareResult.same && !entering && (!range || isWhole(range, cursor))) {
        if (verify) {
          report.verified = (report.verified ?? 0) + 1;
          (report.confirmed ??= []).push(this.#placeOf(cursor, bytes));
          this.#target.dropBackup();
        } else this.#skip(cursor, bytes, report);
      }
    }
    return { report, outcomes };
  }

  #enter(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack | undefined): number {
    this.#guard.enter(cursor, bytes);
    if (!this.#target.enter(cursor.root, bytes, cursor.nameStart, cursor.nameEnd)) return CompareResult.missing;
    this.#finished?.enter(cursor.root, bytes, cursor.nameStart, cursor.nameEnd);
    if (this.#listsDigests || this.#verifies) {
      this.#directory = decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
    }
    if (cursor.type === RecordType.directory) report?.directories.push(directoryAttributes(cursor, bytes));
    return CompareResult.same;
  }

  #skip(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack): void {
    report.skipped++;
    if (!this.#finished || !this.#listsDigests) return;
    (report.written ??= []).push({ ...this.#placeOf(cursor, bytes), digest: this.#settledDigest });
  }

  #placeOf({ root, nameStart, nameEnd }: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FilePlace {
    return { root, path: joinPath(this.#directory, decodeName(bytes.subarray(nameStart, nameEnd))) };
  }

  #judge(
    { phase, verify }: { phase: number; verify: boolean },
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    range: RangeDigest | undefined,
  ): number | Promise<number> {
    this.#guard.check(cursor, bytes);
    this.#settledDigest = undefined;
    if (phase === ComparePhase.stat) return this.#look(cursor, bytes, verify);
    if (cursor.type !== RecordType.file) {
      throw new ProtocolError("bad-record", "Cannot compare the contents of what is no file");
    }
    const { stat } = this.#target;
    if (!this.#target.look(cursor, bytes)) return CompareResult.missing;
    if (stat.kind !== FileKind.file || stat.size !== cursor.size) return CompareResult.different;
    if (range) return this.#compare(cursor, range, verify);
    return this.#listsDigests && this.#finished && !verify ? this.#settleListed(cursor) : this.#settle(cursor, verify);
  }

  #look(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, verify: boolean): number {
    const target = this.#target;
    if (!target.look(cursor, bytes)) return CompareResult.missing;
    const { stat } = target;
    if (stat.kind === FileKind.directory) throw failedWith("write", target.path, "EISDIR");
    const by = verify ? "contents" : this.#options!.by;
    if (by === "nothing" || (by === "memory" && cursor.type !== RecordType.file)) return CompareResult.different;
    if (cursor.type !== RecordType.file) {
      return target.isLink(cursor, bytes) ? CompareResult.same : CompareResult.different;
    }
    if (stat.kind !== FileKind.file || stat.size !== cursor.size) return CompareResult.different;
    if (by === "contents") return CompareResult.undecided;
    if (by === "memory") return this.#recall(cursor, bytes);
    readAttributes(cursor, this.#wanted);
    return isSameTime(stat, this.#wanted) ? this.#settle(cursor, false) : CompareResult.different;
  }

  /** What only the memory of an earlier life of the system tells, contents have to confirm. */
  #recall(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): number {
    const known = this.#finished?.known(cursor, bytes, this.#target.stat) ?? Known.no;
    if (known === Known.no) return CompareResult.different;
    return known === Known.yes ? this.#settle(cursor, false) : CompareResult.undecided;
  }

  async #compare(cursor: RecordCursor, range: RangeDigest, verify: boolean): Promise<number> {
    const reader = this.#target.open();
    try {
      if (this.#verifies) reader.forgetCache();
      const digest = await this.#digest(reader, range);
      if (!digest || !isSameDigest(digest, range.digest)) return CompareResult.different;
      this.#settledDigest = digest;
    } finally {
      reader.close();
    }
    return isWhole(range, cursor) ? this.#settle(cursor, verify) : CompareResult.same;
  }

  /** Settles a file of which all ranges are the same, and reads it once more for its digest. */
  async #settleListed(cursor: RecordCursor): Promise<number> {
    const reader = this.#target.open();
    try {
      this.#settledDigest = await this.#digest(reader, { start: 0, end: cursor.size });
      if (!this.#settledDigest || reader.changeSince() !== FileChange.none) return CompareResult.different;
    } finally {
      reader.close();
    }
    return this.#settle(cursor, false);
  }

  async #digest(reader: RangeReader, { start, end }: ByteRange): Promise<Uint8Array | undefined> {
    const { sumRange } = this.#digests ??= await import("../../files/target/content_digest.ts");
    return (await sumRange(reader, start, end, () => this.#yielder.yieldIfDue()))?.digest;
  }

  /** Restores the backup of a file that does not contain what was sent, also if the file is sent again. */
  async #takeAway(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): Promise<number | Failure> {
    const target = this.#target;
    const { dev, inode, inodeLow } = target.stat;
    try {
      const identity = target.backup();
      // Another user may have put a file under the name of the backup.
      const isKept = identity &&
        await this.#isKept({ ...this.#placeOf(cursor, bytes), identity });
      if (!target.look(cursor, bytes)) return CompareResult.missing;
      // Sent once more while this one was read, it may be right.
      const { stat } = target;
      if (stat.dev !== dev || stat.inode !== inode || stat.inodeLow !== inodeLow) return CompareResult.different;
      if (stat.kind !== FileKind.file && stat.kind !== FileKind.symlink) return CompareResult.different;
      return unverified(target.path, target.revert(isKept ? identity : undefined));
    } catch (error) {
      // Then it keeps its name, and the sender's failure is all that tells.
      if (error instanceof FileError) return CompareResult.different;
      throw error;
    }
  }

  /** The file is the same; its attributes become so. */
  #settle(cursor: RecordCursor, verify: boolean): number {
    if (verify || this.#options!.dryRun) return CompareResult.same;
    readAttributes(cursor, this.#wanted);
    this.#target.bringUpToDate(this.#wanted, cursor.xattrs());
    return CompareResult.same;
  }
}

/** Whether a digest is that of the whole file, so that the file is settled with it. */
function isWhole({ start, end }: RangeDigest, { size }: RecordCursor): boolean {
  return end - start === size;
}

function unverified(path: string, name: string): Failure {
  return {
    code: "ECHECKSUM",
    path,
    message: `Cannot verify ${quotePath(path)}: the target differs from the source (SHA-256 differs)`,
    hint: `It is kept as ${name}. If nothing else writes to it, test the disk and the RAM of the target host`,
  };
}

function inNoDirectory(): ProtocolError {
  return new ProtocolError("bad-record", "Cannot accept a record: it is in no directory");
}

function failureOf(error: unknown, verify: boolean): number | Failure {
  if (!(error instanceof FileError)) throw error;
  if (verify || (error.operation !== "set the attributes of" && !OBSTACLES.includes(error.code))) {
    return CompareResult.different;
  }
  return toFailure(error);
}
