/**
 * Large files of the sender: announced to the receiver, sent in ranges, and closed when all ranges are confirmed. The
 * drawing of their states is in src/README.md.
 */

import { ProtocolError } from "../../errors.ts";
import { changeNote, FileChange, isFreshChange } from "../../files/stat/file_change.ts";
import type { MessageOf, OldFile } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import { RangeSums, type SummedRange } from "../../protocol/data/range_sums.ts";
import type { RangeReport, ScanReport, SentFile, SignatureReport, SourceChange } from "../../streams/report.ts";
import type {
  InputUnit,
  PackUnit,
  RangedItem,
  RangeUnit,
  ScanUnit,
  SignatureUnit,
  WorkUnit,
} from "../../streams/unit.ts";
import {
  checkRanges,
  type LargeFile,
  notJoined,
  otherTotals,
  setFailure,
  takeRange,
  unitBytesOf,
  unrepeatable,
  wrongDelta,
  wrongRanges,
} from "./large_file.ts";
import { announcementOf, contentIdentityOf, isPart, versionOf } from "./announcement.ts";
import { DeltaFile, type DeltaRequest } from "./delta/delta_file.ts";
import { DeltaRates } from "./delta/delta_rates.ts";
import { plannedBytes, workOf } from "./delta/unit_work.ts";
import { rangeOf, splitSource } from "../shard_sums.ts";
import type { SchedulerHost, SchedulerOptions } from "./scheduler_host.ts";
import { UNKNOWN_FILE } from "../../files/stat/file_identity.ts";

/** Callbacks of large files. */
export interface LargeFilesHost extends Pick<SchedulerHost, "send" | "note" | "shards"> {
  /** All of a file was sent. */
  sent(file: SentFile): void;
  /** A file is in place. @param sums of its ranges, in order; undefined for a local copy. */
  done(bytes: number, item: RangedItem, sums?: readonly SummedRange[]): void;
  /** Bytes of a partial file from an earlier run are not sent. */
  kept(bytes: number): void;
  /** Reports the bytes of a local copy that an earlier run had written. Streams count them as written. */
  matched(bytes: number): void;
  /** Reports the bytes of a file that the receiver has copied from the file that it replaced. */
  reused(bytes: number): void;
  /** Adds a unit that plans a file. @returns its number. */
  request(unit: DeltaRequest): number;
  /** A file did not arrive. */
  failed(failure: Failure, side: "sender" | "receiver", item: RangedItem): void;
}

/** Options of an announced file. */
export interface AnnouncedOptions extends Pick<LargeFile, "stored" | "noted"> {
  /** Whether the target exists with other contents. */
  replaces?: boolean;
}

/** Minimum size of a file of which only changes are sent. */
export const MIN_DELTA_BYTES = 4 << 20;
/** Maximum number of announced files that are not finished. */
const MAX_OPEN_FILES = 48;

const UNCHANGED: SourceChange = { path: "", change: FileChange.none };

/** The large files of one transfer. */
export class LargeFiles {
  readonly #host: LargeFilesHost;
  readonly #options: SchedulerOptions;
  readonly #files = new Map<number, LargeFile>();
  /** Files with ranges that no stream has taken. */
  readonly #queue: LargeFile[] = [];
  readonly #rates = new DeltaRates();
  #nextFile = 0;

  constructor(host: LargeFilesHost, options: SchedulerOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Number of files that are not finished. */
  get size(): number {
    return this.#files.size;
  }

  /** The first file in progress; undefined if there is none. */
  get current(): RangedItem | undefined {
    return this.#files.values().next().value?.item;
  }

  /** Whether another file may be announced. */
  get hasRoom(): boolean {
    return this.#files.size < MAX_OPEN_FILES;
  }

  /** Announces a file. */
  announce(item: RangedItem, options: AnnouncedOptions = {}): void {
    const { size, range, joined } = item;
    const { replaces, ...known } = options;
    const isLocal = this.#options.offersLocalCopy;
    const mayBeDelta = replaces && !isPart(item) && this.#options.delta && !isLocal && size >= MIN_DELTA_BYTES;
    const identity = this.#options.resume ? contentIdentityOf(item) : undefined;
    const delta = mayBeDelta || undefined;
    const { file } = this.#add(item, {
      unitBytes: unitBytesOf(range ? range.end - range.start : size, this.#options),
      // Shards report the sums of their ranges.
      stored: isPart(item) || this.#mustBeStored(item),
      mayBeKept: joined || identity !== undefined,
      mayBeDelta: delta,
      ...known,
    });
    const message = announcementOf(item, { file, identity, delta });
    const problem = joined && this.#host.shards?.problemOf(splitSource(message));
    if (problem) this.#failUnannounced(file, problem);
    else this.#host.send(message);
  }

  /** Fails a file that the receiver does not know. */
  #failUnannounced(file: number, problem: string): void {
    const { item } = this.#files.get(file)!;
    this.#files.delete(file);
    this.#host.failed(notJoined(item.path, problem), "sender", item);
  }

  /** Announces standard input, as a file with the permissions that the umask of the receiver leaves. */
  announceInput(root: number): void {
    const now = Math.floor(Date.now() / 1000);
    const { inputMode: mode = 0o666 } = this.#options;
    const attributes = { mode, uid: 0, gid: 0, mtime: now, mtimeNs: 0, atime: now, atimeNs: 0 };
    const times = { mtime: now, mtimeNs: 0, ctime: now, ctimeNs: 0 };
    const item: RangedItem = { type: "ranged", root, path: "", size: 0, attributes, identity: UNKNOWN_FILE, times };
    const { file } = this.#add(item, { unitBytes: Infinity, input: true });
    const path = "" as MessageOf<"open">["path"];
    this.#host.send({ type: "open", file, root, path, size: 0, input: true, attributes });
  }

  /** Handles the receiver's message that a file is open. @throws {ProtocolError} for wrong ranges. */
  opened({ file: number, missing, kept = [], sequential, delta }: MessageOf<"opened">): void {
    const file = this.#inState(number, "announced");
    if (!file) return;
    if (kept.length > 0 && !file.mayBeKept) throw wrongRanges();
    if (!file.input) checkRanges([...missing, ...kept], rangeOf(file.item));
    if (file.item.joined && missing.length > 0) throw wrongRanges();
    if (delta && !file.mayBeDelta) throw wrongDelta();
    file.state = "open";
    file.todo = file.input ? [{ start: 0, end: 0 }] : missing;
    if (sequential) file.unitBytes = Infinity;
    kept.forEach((range) => file.sums.add(range));
    if (file.item.joined) return this.#openedJoined(file);
    file.keptBytes = file.sums.bytes;
    if (kept.length > 0) this.#host.kept(file.keptBytes);
    if (delta && missing.length > 0) return this.#startDelta(file, delta);
    if (missing.length > 0 || file.input) this.#queue.push(file);
    else this.#closeIfComplete(file);
  }

  /** Compares the sum that the receiver has read with those that the shards have reported. */
  #openedJoined(file: LargeFile): void {
    const { item, sums } = file;
    const problem = this.#host.shards?.problemOfSum(item.path, sums.total(item.size)!);
    if (problem === undefined) return this.#closeIfComplete(file);
    setFailure(file, notJoined(item.path, problem), "sender");
    this.#dropIfIdle(file);
  }

  /** Handles the receiver's message that a file has its final name. @throws {ProtocolError} if it is not complete. */
  closed({ file: number, bytes, crc32, found = 0, reused = 0 }: MessageOf<"closed">): void {
    const file = this.#inState(number, "closing");
    if (!file) return;
    const { item, sums, mayBeKept, keptBytes } = file;
    const { start, end } = rangeOf(item);
    if (found > (mayBeKept ? item.size - keptBytes : 0)) throw wrongRanges();
    if (reused > (file.delta ? item.size - keptBytes : 0)) throw wrongRanges();
    this.#files.delete(number);
    if (found > 0) this.#host.matched(found);
    if (reused > 0) this.#host.reused(reused);
    if (bytes === end - start && crc32 === sums.total(end, start)) {
      if (item.range) {
        this.#host.shards?.written({ ...splitSource({ ...item, version: versionOf(item) }), start, end, crc32 });
      }
      if (item.joined) this.#host.shards?.joined(item.path);
      this.#host.done(bytes, item, this.#isLocalCopy(file) || item.joined ? undefined : sums.ranges);
    } else this.#host.failed(otherTotals(item.path), "sender", item);
  }

  /** Handles the receiver's failure to open, write or finish a file. @throws {ProtocolError} if it was never announced. */
  refused({ file: number, failure }: MessageOf<"unopened">): void {
    const file = this.#answered(number);
    if (!file) return;
    setFailure(file, failure, "receiver");
    this.#dropIfIdle(file);
  }

  /**
   * Returns the next range that no stream has. The streams spread over all open files, because the kernel writes to a file
   * for one thread at a time.
   *
   * @param unit its number.
   */
  next(unit: number): RangeUnit | InputUnit | undefined {
    for (let file = this.#leastBusy(); file; file = this.#leastBusy()) {
      const range = takeRange(file);
      if (!range) {
        this.#queue.splice(this.#queue.indexOf(file), 1);
        continue;
      }
      file.inFlight++;
      if (file.input) return { type: "input", unit, file: file.file };
      const { root, path, size, identity, times } = file.item;
      const { file: number, stored } = file;
      const { start, end, segments } = range;
      const key = segments && file.delta!.key;
      const isLast = file.todo.length === 0 && (file.delta?.isPlanned ?? true);
      const digests = this.#options.digests && isLast && !file.whole;
      return {
        type: "range",
        unit,
        file: number,
        root,
        path,
        start,
        end,
        size,
        identity,
        times,
        stored,
        digests,
        segments,
        key,
      };
    }
    return undefined;
  }

  /** Handles the report of a range. */
  report(report: RangeReport, unit: RangeUnit | InputUnit): void {
    this.#ended(unit, report.failure ? 0 : report.end - report.start);
    const file = this.#files.get(report.file);
    if (!file) return;
    file.inFlight--;
    const { changed, whole } = report;
    if (changed && changed.change > (file.changed?.change ?? FileChange.none)) file.changed = changed;
    const note = changed && !file.noted ? changeNote(changed.path, changed.change, file.item.size) : undefined;
    if (note !== undefined) {
      file.noted = true;
      this.#host.note(note);
    }
    if (whole) file.whole = whole;
    if (report.failure) setFailure(file, report.failure, report.refused ? "receiver" : "sender");
    else file.sums.add(report);
    if (file.input) file.item.size = report.end;
    if (file.failure) return this.#dropIfIdle(file);
    if (unit.type === "range" && unit.segments) file.delta?.sent();
    this.#closeIfComplete(file);
  }

  /** A stream has a unit. */
  taken(unit: WorkUnit): void {
    const work = workOf(unit);
    if (work) this.#rates.begin(work);
  }

  /** A stream has sent a pack, perhaps a file in pieces. @param bytes that were confirmed. */
  packSent(unit: PackUnit, bytes: number): void {
    this.#ended(unit, bytes);
  }

  /** A stream has done a unit, or broke: then without bytes. */
  #ended(unit: WorkUnit, bytes = 0): void {
    const work = workOf(unit);
    if (work) this.#rates.end(work, bytes);
  }

  /** Requeues the range of a broken stream. Other units of it are requeued already. */
  takeBack(unit: WorkUnit): void {
    this.#ended(unit);
    if (unit.type !== "range" && unit.type !== "input") return;
    const file = this.#files.get(unit.file);
    if (!file) return;
    file.inFlight--;
    if (unit.type === "range") file.todo.unshift({ start: unit.start, end: unit.end, segments: unit.segments });
    // A device cannot take the same bytes again, and a pipe cannot be read again.
    if (file.unitBytes === Infinity) setFailure(file, unrepeatable(file.input ? "-" : file.item.path), "sender");
    if (file.failure) this.#dropIfIdle(file);
    else if (!this.#queue.includes(file)) this.#queue.push(file);
  }

  /** Handles the report of a unit that plans a file. */
  planReported(report: SignatureReport | ScanReport, unit: SignatureUnit | ScanUnit): void {
    this.#ended(unit, plannedBytes(report, unit));
    this.#files.get(unit.file)?.delta?.report(report);
  }

  #startDelta(file: LargeFile, old: OldFile): void {
    file.delta = new DeltaFile(file.file, file.item, file.todo.splice(0), old, {
      request: (unit) => this.#host.request(unit),
      planned: (range) => {
        if (file.failure) return;
        file.todo.push(range);
        if (!this.#queue.includes(file)) this.#queue.push(file);
      },
      isWholeFaster: () => this.#rates.isWholeFaster,
      maxParts: 2 * this.#options.streams,
    });
    file.delta.start();
  }

  /** Returns the file with ranges left that the fewest streams have, and the first of several. */
  #leastBusy(): LargeFile | undefined {
    let least = this.#queue[0];
    for (const file of this.#queue) if (file.inFlight < least.inFlight) least = file;
    return least;
  }

  #add(item: RangedItem, options: Partial<LargeFile> & Pick<LargeFile, "unitBytes">): LargeFile {
    const file: LargeFile = {
      file: this.#nextFile++,
      item,
      state: "announced",
      todo: [],
      // Verification compares the ranges as they were sent.
      sums: new RangeSums({ keepsRanges: true }),
      keptBytes: 0,
      inFlight: 0,
      ...options,
    };
    this.#files.set(file.file, file);
    return file;
  }

  /** Returns the file of an answer; undefined if it was given up since. */
  #answered(number: number): LargeFile | undefined {
    if (number < this.#nextFile) return this.#files.get(number);
    throw new ProtocolError("bad-order", `Cannot accept an answer about file ${number}: it was never announced`);
  }

  #inState(number: number, state: LargeFile["state"]): LargeFile | undefined {
    const file = this.#answered(number);
    if (!file || file.state === state) return file;
    throw new ProtocolError("bad-order", `Cannot accept an answer about file ${number}: it is ${file.state}`);
  }

  #closeIfComplete(file: LargeFile): void {
    const { start, end } = rangeOf(file.item);
    const crc32 = file.sums.total(end, start);
    if (file.state !== "open" || crc32 === undefined) return;
    const { item, changed = UNCHANGED, whole, noted } = file;
    const isLocalCopy = this.#isLocalCopy(file);
    if (isLocalCopy && changed !== UNCHANGED && this.#options.digests) {
      this.#files.delete(file.file);
      this.#host.send({ type: "drop", file: file.file });
      this.announce(item, { stored: true, noted });
      return;
    }
    file.state = "closing";
    this.#host.send({ type: "close", file: file.file, size: item.size, crc32 });
    if (!file.input && !item.range && !item.joined) this.#host.sent({ ...changed, item, isLocalCopy, crc32, whole });
  }

  #isLocalCopy({ stored, input }: LargeFile): boolean {
    return this.#options.offersLocalCopy === true && !stored && !input;
  }

  /** The digest of a local copy is certain only if every change of the source shows in its ctime. */
  #mustBeStored({ times: { ctime, ctimeNs } }: RangedItem): boolean {
    const { digests = false, offersLocalCopy = false } = this.#options;
    return digests && offersLocalCopy && isFreshChange({ mtime: ctime, mtimeNs: ctimeNs }, Date.now());
  }

  /** Gives up a failed file when no stream has a range of it. */
  #dropIfIdle(file: LargeFile): void {
    file.todo = [];
    if (file.inFlight > 0 || !file.failure || !this.#files.delete(file.file)) return;
    this.#host.send({ type: "drop", file: file.file });
    this.#host.failed(file.failure, file.failedSide!, file.item);
  }
}
