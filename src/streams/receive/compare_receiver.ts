/** Answers compare requests. Creates nothing at the target. */

import { FileError, ProtocolError } from "../../errors.ts";
import type { KeptBackup, TargetPlace } from "../../files/engine/target_place.ts";
import type { TargetComparer } from "../../files/engine/target_comparer.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { PRIVATE_NAME } from "../../files/path/private_names.ts";
import { FileKind } from "../../files/stat/file_stat.ts";
import {
  type CompareHeader,
  ComparePhase,
  CompareResult,
  DIGEST_ENTRY_BYTES,
  isSameDigest,
  NO_DIGEST,
  type RangeDigest,
  readDigest,
} from "../../protocol/data/compare.ts";
import { ItemChange, outcomeOf as outcomeWith } from "../../protocol/data/item_changes.ts";
import { RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { decodeName } from "../../protocol/names.ts";
import { digestMismatch, toFailure } from "../failure.ts";
import type { ReceivedPack } from "../report.ts";
import type { AnnouncedAttributes } from "./announced_attributes.ts";
import { NameGuard } from "./name_guard.ts";
import { addOutcome, directoryAttributes } from "./pack_records.ts";
import { isWhole, RecordComparer, type RecordComparerOptions } from "./record_comparer.ts";

/** Errors that prevent any entry of the name from being written. After other errors, writing may still succeed. */
const OBSTACLES: readonly (string | undefined)[] = ["EISDIR", "ENOTDIR", "ELOOP", PRIVATE_NAME];

/** Operations whose failure would be repeated. */
const FINAL: readonly string[] = ["set the attributes of", "move"];

/** Options for answering compare requests. */
export interface CompareReceiverOptions extends RecordComparerOptions {
  roots: readonly TargetRoot[];
  /** As in `TargetOptions`: entries that are the same are flushed to disk, because their sources are removed. */
  moves?: boolean;
  /** Whether files that are up to date are reported. Default: false. */
  finishes?: boolean;
  /** Replaces the attributes of records. Default: they stay as they are. */
  attributes?: AnnouncedAttributes;
  /** Returns whether a file is a backup of this copy. Default: there is no backup. */
  isKept?: (backup: KeptBackup) => Promise<boolean>;
}

/** Answers the compare requests of one stream. */
export class CompareReceiver {
  readonly #target: TargetComparer;
  readonly #options: CompareReceiverOptions;
  readonly #comparer: RecordComparer;
  readonly #guard: NameGuard;
  /** Path of the current directory, if places or digests are reported. */
  #directory = "";

  constructor(target: TargetComparer, options: CompareReceiverOptions) {
    this.#target = target;
    this.#options = options;
    this.#comparer = new RecordComparer(target, options);
    this.#guard = new NameGuard(options.roots);
  }

  /**
   * Answers the request whose records begin at bytes[start], in a payload that ends at bytes[end].
   *
   * @returns the report for the main thread, and the outcome of each record for the sender.
   * @throws {ProtocolError} for records that a sender must not request.
   */
  async receive(
    header: CompareHeader,
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView,
    start: number,
    end: number,
  ): Promise<{ report: ReceivedPack; outcomes: (number | Failure)[] }> {
    const { unit, attempt, phase, verify = false, recordsBytes } = header;
    if (verify ? !this.#options.verifies : !this.#options.comparison) {
      throw new ProtocolError("bad-frame", "Cannot accept a compare request: the job does not allow it");
    }
    const counts = { files: 0, bytes: 0, skipped: 0 };
    const report: ReceivedPack = { type: "pack", unit, attempt, ...counts, failures: [], directories: [], created: [] };
    const outcomes: (number | Failure)[] = [];
    let digestAt = start + recordsBytes;
    const cursor = new RecordCursor(bytes, start, digestAt, { plan: true });
    /** Result of the current directory. It decides about the entries in a directory that is missing or obstructed. */
    let directory: number | Failure | undefined;
    while (cursor.next()) {
      this.#options.attributes?.apply(cursor);
      if (cursor.type === RecordType.enter || cursor.type === RecordType.directory) {
        directory = this.#enter(cursor, bytes, verify, report);
        if (cursor.type === RecordType.enter) continue;
        addOutcome(outcomes, this.#outcomeOfDirectory(cursor, directory, verify));
        if (typeof directory !== "number" && !verify) report.failures.push(directory);
        continue;
      }
      let range: RangeDigest | undefined;
      if (phase === ComparePhase.digest && cursor.type === RecordType.file) {
        if (digestAt === end) throw new ProtocolError("bad-record", "Cannot compare contents without a digest");
        range = readDigest(bytes, view, digestAt, cursor.size);
        digestAt += DIGEST_ENTRY_BYTES;
      }
      if (directory === undefined) {
        throw new ProtocolError("bad-record", "Cannot accept a record: it is in no directory");
      }
      let outcome = directory;
      const exists = directory === CompareResult.same;
      if (exists || (directory === CompareResult.missing && this.#options.links && !verify)) {
        const comparing = this.#compare(header, cursor, bytes, range, exists);
        outcome = comparing instanceof Promise ? await comparing : comparing;
      }
      if (outcome === CompareResult.same && !verify && (!range || isWhole(range, cursor))) {
        outcome = await this.#flush(cursor, report);
      }
      const found = outcome;
      outcome = this.#skipMissing(outcome, verify);
      if (verify && (outcome === CompareResult.different || outcome === CompareResult.missing)) {
        outcome = await this.#handleWrong(header, cursor, bytes, { outcome, directory, range, report });
      }
      addOutcome(outcomes, verify ? outcome : this.#itemizedEntry(outcome, found, cursor, bytes));
      if (typeof outcome !== "number") {
        // The sender reports failures of verified entries.
        if (!verify) report.failures.push(outcome);
      } else if (outcome === CompareResult.same && (!range || isWhole(range, cursor))) {
        if (verify) this.#confirm(cursor, bytes, report);
        else this.#skip(cursor, bytes, report);
      }
    }
    const { links } = this.#options;
    if (links) {
      report.created = links.takeCreated();
      report.entered = [...report.entered ?? [], ...links.takeChanged()];
      report.kept = links.takeBackups();
    }
    return { report, outcomes };
  }

  /** Flushes an entry that is the same, if its source is removed. @returns the outcome of its record. */
  async #flush(
    cursor: RecordCursor,
    report: ReceivedPack,
  ): Promise<number | Failure> {
    const { moves, comparison, yielder } = this.#options;
    if (!moves || comparison?.dryRun) return CompareResult.same;
    try {
      this.#target.sync();
      (report.entered ??= []).push({ root: cursor.root, path: this.#directory });
      await yielder.yieldIfDue();
      return CompareResult.same;
    } catch (error) {
      if (error instanceof FileError) return toFailure(error);
      throw error;
    }
  }

  #enter(
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    verify: boolean,
    report: ReceivedPack,
  ): number | Failure {
    const { comparison, verifies, digests, finished, moves, finishes } = this.#options;
    const { root, nameStart, nameEnd } = cursor;
    try {
      this.#guard.enter(cursor, bytes);
      if (!verify) this.#options.links?.enter(root, bytes, nameStart, nameEnd);
      if (!this.#target.enter(root, bytes, nameStart, nameEnd)) return CompareResult.missing;
    } catch (error) {
      return outcomeOf(error, verify);
    }
    if (comparison?.by === "completions") finished?.enter(root, bytes, nameStart, nameEnd);
    if (digests || verifies || moves || finishes) this.#directory = decodeName(bytes.subarray(nameStart, nameEnd));
    if (cursor.type === RecordType.directory && !verify) report.directories.push(directoryAttributes(cursor, bytes));
    return CompareResult.same;
  }

  /** @param found result of entering the directory. */
  #outcomeOfDirectory(cursor: RecordCursor, found: number | Failure, verify: boolean): number | Failure {
    const outcome = this.#skipMissing(found, verify);
    if (outcome === CompareResult.missing && !verify && this.#target.replacesEntry()) {
      return this.#itemized(CompareResult.different, CompareResult.different, () => ItemChange.kind);
    }
    return this.#itemized(outcome, found, () => this.#target.directoryChanges(cursor));
  }

  /** Returns the outcome of a file or link with its differences. One that is skipped, because it exists, has none. */
  #itemizedEntry(
    outcome: number | Failure,
    found: number | Failure,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
  ): number | Failure {
    if (this.#options.comparison?.skipExisting) return outcome;
    return this.#itemized(outcome, found, () => this.#target.changes(cursor, bytes));
  }

  /** Returns an outcome with the differences of an entry, if they are requested. @param found the outcome before rules. */
  #itemized(outcome: number | Failure, found: number | Failure, changes: () => number): number | Failure {
    const isCompared = found === CompareResult.same || found === CompareResult.different;
    if (!this.#options.comparison?.itemize || !isCompared || typeof outcome !== "number") return outcome;
    try {
      return outcomeWith(outcome, changes());
    } catch (error) {
      // Another process may have removed the entry meanwhile.
      return outcomeOf(error, false);
    }
  }

  /** Returns the outcome of a record, which is settled if only existing entries are written. */
  #skipMissing(outcome: number | Failure, verify: boolean): number | Failure {
    const isSkipped = outcome === CompareResult.missing && !verify && this.#options.comparison!.onlyExisting;
    return isSkipped ? CompareResult.same : outcome;
  }

  /** Compares an entry. @param exists Whether its directory exists. */
  #compare(
    header: CompareHeader,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    range: RangeDigest | undefined,
    exists: boolean,
  ): number | Failure | Promise<number | Failure> {
    const { verify = false } = header;
    try {
      this.#guard.check(cursor, bytes);
      const result = this.#comparer.compare(header, cursor, bytes, range, exists);
      return typeof result === "number" ? result : result.catch((error) => outcomeOf(error, verify));
    } catch (error) {
      return outcomeOf(error, verify);
    }
  }

  /** Handles a written entry that is missing or different. @returns the outcome for the sender. */
  async #handleWrong(
    { last = false }: CompareHeader,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
    { outcome, directory, range, report }: {
      outcome: number;
      directory: number | Failure;
      range?: RangeDigest;
      report: ReceivedPack;
    },
  ): Promise<number | Failure> {
    // If the source cannot be read, or has changed, the target may be right.
    const isReadable = !range || !isSameDigest(range.digest, NO_DIGEST);
    const isWrong = outcome === CompareResult.different && directory === CompareResult.same && isReadable &&
      !this.#isPrivate(cursor, bytes);
    const reverted = isWrong ? await this.#revert(cursor, bytes) : outcome;
    if (this.#options.digests && (last || reverted !== CompareResult.different)) {
      (report.lost ??= []).push(this.#placeOf(cursor, bytes));
    }
    return last ? reverted : outcome;
  }

  #isPrivate(cursor: RecordCursor, bytes: Uint8Array): boolean {
    try {
      this.#guard.check(cursor, bytes);
      return false;
    } catch (error) {
      if (error instanceof FileError) return true;
      throw error;
    }
  }

  #confirm(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack): void {
    report.verified = (report.verified ?? 0) + 1;
    (report.confirmed ??= []).push(this.#placeOf(cursor, bytes));
    this.#target.dropBackup();
  }

  #skip(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, report: ReceivedPack): void {
    const { comparison, finished, digests, finishes } = this.#options;
    report.skipped++;
    if (finishes && cursor.type === RecordType.file) (report.upToDate ??= []).push(this.#placeOf(cursor, bytes));
    if (comparison?.by !== "completions" || !finished || !digests) return;
    (report.written ??= []).push({ ...this.#placeOf(cursor, bytes), digest: this.#comparer.digest });
  }

  /**
   * Restores the backup of an entry that does not contain what was sent, even if the entry will be sent again.
   *
   * @returns why the entry failed; `different` if it keeps its name.
   */
  async #revert(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): Promise<number | Failure> {
    const target = this.#target;
    const { dev, inode, inodeLow } = target.stat;
    try {
      const identity = target.backup();
      // Another user may have created a file under the name of the backup.
      const isKept = identity && await this.#options.isKept?.({ ...this.#placeOf(cursor, bytes), identity });
      if (!target.examine(cursor, bytes)) return CompareResult.missing;
      // A file that was sent again meanwhile may be right.
      const { stat } = target;
      if (stat.dev !== dev || stat.inode !== inode || stat.inodeLow !== inodeLow) return CompareResult.different;
      if (stat.kind !== FileKind.file && stat.kind !== FileKind.symlink) return CompareResult.different;
      return digestMismatch(target.path, target.revert(isKept ? identity : undefined));
    } catch (error) {
      // The entry keeps its name, and the sender reports the failure.
      if (error instanceof FileError) return CompareResult.different;
      throw error;
    }
  }

  #placeOf({ root, nameStart, nameEnd }: RecordCursor, bytes: Uint8Array<ArrayBuffer>): TargetPlace {
    return { root, path: joinPath(this.#directory, decodeName(bytes.subarray(nameStart, nameEnd))) };
  }
}

/** Returns the outcome of a record that cannot be compared. @throws {unknown} The error itself if it is not a FileError. */
function outcomeOf(error: unknown, verify: boolean): number | Failure {
  if (!(error instanceof FileError)) throw error;
  const isFinal = FINAL.includes(error.operation) || OBSTACLES.includes(error.code);
  if (verify || !isFinal) {
    return CompareResult.different;
  }
  return toFailure(error);
}
