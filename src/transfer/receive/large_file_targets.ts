/**
 * Large files that a receiver writes. The drawing of their states is in src/README.md. Messages of the control channel
 * and reports of the streams may arrive in any order.
 */

import { ProtocolError } from "../../errors.ts";
import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { GatheredFiles, RemovedPlace } from "../../files/engine/target_place.ts";
import type { Partial, PartialFileWriter } from "../../files/engine/partial_file.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { maxUnauthenticated, openFilesLimit } from "../../native/file/open_files_limit.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type ByteRange, RangeSums, type SummedRange } from "../../protocol/data/range_sums.ts";
import { checksumMismatch, toFailure } from "../../streams/failure.ts";
import type { ReceivedRange } from "../../streams/report.ts";
import { shownPath } from "../send/sources/names.ts";
import type { DirectoryFinalizer } from "./directory_finalizer.ts";
import type { KeptBackups } from "./kept_backups.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import { LargeFileOpener } from "./large_file_opener.ts";
import { ShardFiles } from "./shard_files.ts";
import { LateJournals } from "./late_journals.ts";
import type { ResumeRecord } from "./resume_record.ts";

/** Maximum number of open large files. A sender of escp opens fewer. */
const MAX_OPEN_FILES = 256;
/** Descriptors reserved for everything but journals. */
const OTHER_DESCRIPTORS = 96;
/** Descriptors of old files: each stream keeps one open to digest it, and one to copy from it. */
const DELTA_DESCRIPTORS = 64;
/** Descriptors of a file with a journal: the journal and the partial file. */
const JOURNAL_DESCRIPTORS = 2;

/** Objects that large files share with small ones, and callbacks. */
export interface LargeFileTargetsHost {
  readonly options: ReceiveOptions;
  readonly roots: readonly TargetRoot[];
  /** Name of the source of each root. */
  readonly sourceNames: readonly string[];
  readonly writer: PartialFileWriter;
  readonly directories: DirectoryFinalizer;
  readonly backups: KeptBackups;
  /** Record of this run; undefined: finished files are not recorded. */
  readonly record?: ResumeRecord;
  /** Returns an announcement with the owners of this machine, which may have to be looked up. */
  mapped(message: MessageOf<"open">): MessageOf<"open"> | Promise<MessageOf<"open">>;
  /** Closes a file in all streams. */
  forget(file: number): void;
  /** Lets all streams record the blocks of a file. */
  startJournal(file: number, path: string): void;
  /** Counts and reports a path that failed. */
  failed(failure: Failure): void;
  /** Counts a file that was written in place because its name cannot be replaced. */
  wroteInPlace(file: GatheredFiles): void;
  /** Reports entries that were removed with directories that files replace. */
  deleted(places: readonly RemovedPlace[]): void;
  /** Counts a file that is its own source. */
  foundSame(same: GatheredFiles): void;
  /** Reports the bytes of an earlier run that are being verified. */
  checking(bytes: number): void;
  /** Ends the transfer with an error. */
  fatal(error: unknown): void;
}

/** A large file that the sender has announced, and that is not complete. */
interface OpenFile {
  partial: Partial;
  message: MessageOf<"open">;
  sums: RangeSums;
  /** Bytes of local copies that an earlier run had already written. */
  matched: number;
  /** Bytes that were copied from the old file. */
  reused: number;
  /** CRC-32 of the whole file, once the sender has closed it. */
  expected?: number;
  /** Whether a range has failed. Only the first failure of a file is reported. */
  failed?: boolean;
}

/** The large files of one receiver. */
export class LargeFileTargets {
  /** Number of files in place. */
  files = 0;
  /** Bytes of the files in place. */
  bytes = 0;
  /** Bytes of partial files that an earlier run left, and that are not sent again. */
  kept = 0;
  /** Bytes of local copies that an earlier run had already written. The streams count them as written. */
  matched = 0;
  /** Bytes that were copied from old files. The streams count them as written. */
  reused = 0;
  readonly #host: LargeFileTargetsHost;
  readonly #opener: LargeFileOpener;
  readonly #lateJournals: LateJournals;
  readonly #shards: ShardFiles;
  readonly #open = new Map<number, OpenFile>();
  /** Files whose partial files are being created or resumed. */
  readonly #beginning = new Map<number, Promise<void>>();
  /** Files that the sender dropped while they were beginning. */
  readonly #dropped = new Set<number>();
  /** Numbers of all files that the sender has announced. */
  readonly #announced = new Set<number>();
  /** Complete files that are being flushed or digested. */
  readonly #settling = new Set<Promise<void>>();
  #yielder?: EventLoopYielder;
  #closed = false;

  constructor(host: LargeFileTargetsHost) {
    this.#host = host;
    this.#shards = new ShardFiles(host);
    this.#opener = new LargeFileOpener({
      ...host,
      mayKeepJournal: () => this.#mayKeepJournal(),
      pause: () => this.#pause(),
    }, this.#shards);
    this.#lateJournals = new LateJournals(host.writer, {
      mayStart: () => this.#mayKeepJournal(),
      started: (file, path) => host.startJournal(file, path),
      hasChecksums: host.options.localCopyPid === undefined,
    });
  }

  /** Creates or resumes the partial file of an announced file, and answers the sender. @throws {ProtocolError} */
  open(message: MessageOf<"open">): void {
    // A file that is created now would not be removed.
    if (this.#closed) return;
    const { file } = message;
    if (this.#host.options.job.comparison?.dryRun) {
      throw new ProtocolError("bad-order", "Cannot open a file in a dry run");
    }
    if (this.#announced.has(file)) throw new ProtocolError("bad-order", `Cannot open file ${file} twice`);
    if (this.#open.size + this.#beginning.size + this.#settling.size >= MAX_OPEN_FILES) {
      throw new ProtocolError("bad-order", `Cannot open more than ${MAX_OPEN_FILES} files at the same time`);
    }
    this.#shards.checkPart(message);
    this.#announced.add(file);
    const begun = this.#begin(message).catch((error) => this.#host.fatal(error)).finally(() => {
      this.#beginning.delete(file);
    });
    this.#beginning.set(file, begun);
  }

  /** Handles the sender's message that a file is complete. @throws {ProtocolError} */
  close({ file, size, crc32 }: MessageOf<"close">): void {
    const open = this.#open.get(file);
    if (!open) throw new ProtocolError("bad-order", `Cannot close file ${file}: it is not open`);
    if (open.message.input) open.message.size = size;
    else if (size !== open.message.size) throw new ProtocolError("bad-order", `Cannot change the size of file ${file}`);
    open.expected = crc32;
    this.#commitIfComplete(file, open);
  }

  /** Keeps a file that the sender has given up for a later run, if it can be resumed. */
  drop(file: number): void {
    const open = this.#open.get(file);
    this.#forget(file);
    if (open) this.#host.writer.keep(open.partial);
    else if (this.#beginning.has(file)) this.#dropped.add(file);
  }

  /** Returns the partial file; undefined if it is finished or dropped. @throws {ProtocolError} if it was never announced. */
  partial(file: number): Partial | undefined {
    if (!this.#announced.has(file)) {
      throw new ProtocolError("bad-block", `Cannot accept a block: file ${file} was never opened`);
    }
    return this.#open.get(file)?.partial;
  }

  /** Path of the first file that is being written, from the name of its source on; undefined if there is none. */
  get current(): string | undefined {
    const first = this.#open.values().next().value?.message;
    return first && (shownPath(this.#host.sourceNames[first.root], first.path) || undefined);
  }

  /** Handles a range that a stream has written. */
  report(report: ReceivedRange): void {
    const open = this.#open.get(report.file);
    if (!open) return;
    if (report.failure) {
      if (!open.failed) this.#host.failed(report.failure);
      open.failed = true;
      return;
    }
    const { found = 0, reused = 0 } = report;
    if (open.sums.add(report)) {
      open.matched += found;
      this.matched += found;
      open.reused += reused;
      this.reused += reused;
      this.#lateJournals.written(report.file, report);
    }
    this.#commitIfComplete(report.file, open);
  }

  /** Removes the journals of ranges after a complete transfer. */
  async complete(): Promise<void> {
    await this.#host.writer.removeJournals();
  }

  /** Opens no more files, starts no more journals, and stops digests. */
  stop(): void {
    this.#closed = true;
    this.#lateJournals.stop();
  }

  /** Resolves when no file is being begun, flushed or digested. */
  async settled(): Promise<void> {
    await Promise.all([...this.#beginning.values(), ...this.#settling, this.#lateJournals.settled()]);
    this.#yielder?.close();
  }

  /** Returns undefined instead of an error after the end of the transfer. */
  async #unlessClosed<Value>(value: Promise<Value>): Promise<Value | undefined> {
    return await value.catch((error) => {
      if (!this.#closed) throw error;
      return undefined;
    });
  }

  async #begin(announced: MessageOf<"open">): Promise<void> {
    const { writer, directories, options: { session: { control } } } = this.#host;
    const mapping = this.#host.mapped(announced);
    const message = mapping instanceof Promise ? await this.#unlessClosed(mapping) : mapping;
    // The transfer may have ended meanwhile.
    if (this.#closed || !message) return;
    const { file, size, range = { start: 0, end: size } } = message;
    try {
      const { partial, kept, resumable } = await this.#opener.open(message);
      directories.add(writer.takeCreated());
      if (this.#dropped.delete(file)) return writer.keep(partial);
      const sums = new RangeSums();
      kept.forEach((range) => sums.add(range));
      if (!message.joined) this.kept += sums.bytes;
      this.#open.set(file, { partial, message, sums, matched: 0, reused: 0 });
      if (resumable?.source && resumable.later) this.#lateJournals.add(file, partial, resumable, resumable.source);
      const sequential = partial.temporary === "";
      const missing = missingOf(kept, range);
      const delta = partial.old && { size: partial.old.size, key: partial.old.key, inPlace: partial.inPlace };
      control.send({ type: "opened", file, missing, kept: kept.length > 0 ? kept : undefined, sequential, delta });
    } catch (error) {
      directories.add(writer.takeCreated());
      const failure = toFailure(error);
      this.#host.failed(failure);
      control.send({ type: "unopened", file, failure });
    }
  }

  /** Yields to the event loop. @throws {Deno.errors.Interrupted} if the transfer is over. */
  #pause(): void | Promise<void> {
    if (this.#closed) throw new Deno.errors.Interrupted("The transfer is over");
    this.#yielder ??= new EventLoopYielder();
    return this.#yielder.yieldIfDue();
  }

  #forget(file: number): void {
    this.#open.delete(file);
    this.#lateJournals.forget(file);
    this.#host.forget(file);
  }

  /** Returns whether descriptors suffice for another journal. A file without a journal cannot be resumed. */
  #mayKeepJournal(): boolean {
    const others = OTHER_DESCRIPTORS + (this.#host.options.job.delta ? DELTA_DESCRIPTORS : 0);
    const limit = openFilesLimit() - maxUnauthenticated() - others;
    const { starting, open } = this.#lateJournals;
    let journals = this.#beginning.size + starting;
    for (const { partial } of this.#open.values()) if (partial.journal !== undefined) journals++;
    // This thread also opens a late journal, to record what streams wrote before its start.
    return (journals + 1) * JOURNAL_DESCRIPTORS + starting + open <= limit;
  }

  /** Commits a file when all its ranges are written and the sender has closed it, in either order. */
  #commitIfComplete(file: number, open: OpenFile): void {
    const { size, range = { start: 0, end: size } } = open.message;
    const crc32 = open.sums.total(range.end, range.start);
    if (open.expected === undefined || crc32 === undefined) return;
    const { options: { job: { fsync }, listing }, directories } = this.#host;
    this.#forget(file);
    if ((!fsync && !listing) || crc32 !== open.expected) return this.#commit(file, open, crc32);
    const { root, path } = open.message;
    if (fsync) directories.addEntered({ root, path: path.slice(0, Math.max(0, path.lastIndexOf("/"))) });
    const settling = this.#settle(open, crc32)
      .then(() => this.#commit(file, open, crc32), (error) => this.#discard(file, open, toFailure(error)))
      .catch((error) => this.#host.fatal(error))
      .finally(() => this.#settling.delete(settling));
    this.#settling.add(settling);
  }

  /** Flushes and digests a complete file, if requested. */
  async #settle({ partial, message: { root, path, size } }: OpenFile, crc32: number): Promise<void> {
    const { writer, options: { job: { fsync }, listing } } = this.#host;
    if (fsync) await writer.sync(partial);
    if (!listing || partial.temporary === "") return;
    const { digestPartial } = await import("./received_digest.ts");
    try {
      const digest = await digestPartial(writer, partial, { size, crc32 }, () => this.#pause());
      listing.digested(root, path, digest);
    } catch (error) {
      // The file is complete even if the transfer ends during the digest.
      if (!this.#closed) throw error;
    }
  }

  /** Gives a file its final name, and confirms it to the sender. */
  #commit(file: number, open: OpenFile, crc32: number): void {
    const { options: { session, job, listing }, writer, record, backups } = this.#host;
    const { root, path, size, attributes, xattrs, range, joined } = open.message;
    if (crc32 !== open.expected) {
      const detail = "the written data differs from what the sender read (CRC-32 differs)";
      return this.#discard(file, open, toFailure(checksumMismatch(open.partial.path, detail)));
    }
    if (range) return this.#commitRange(file, open, range, crc32);
    try {
      const stat = writer.commit({ ...open.partial, size }, attributes, xattrs);
      // A later run that finishes the copy checks the file again.
      if (stat && !joined) record?.addLarge(open.message, stat);
    } catch (error) {
      return this.#discard(file, open, toFailure(error));
    } finally {
      backups.add(writer.takeBackups());
      this.#host.deleted(writer.takeDeleted());
    }
    this.files++;
    if (joined) this.#shards.joined(path);
    else this.bytes += size;
    if (open.partial.inPlace && !job.inplace && !joined) this.#host.wroteInPlace({ files: 1, root, path });
    if (open.partial.same) this.#host.foundSame({ files: 1, root, path });
    listing?.copied(root, path);
    session.control.send({
      type: "closed",
      file,
      bytes: size,
      crc32,
      found: open.matched || undefined,
      reused: open.reused || undefined,
    });
  }

  /** Confirms a range. The run that finishes the copy commits the file. */
  #commitRange(file: number, { partial, message }: OpenFile, { start, end }: ByteRange, crc32: number): void {
    this.bytes += end - start;
    this.#host.writer.leaveRange(partial);
    this.#shards.written(message, { start, end, crc32 });
    this.#host.options.session.control.send({ type: "closed", file, bytes: end - start, crc32 });
  }

  #discard(file: number, { partial }: OpenFile, failure: Failure): void {
    this.#host.writer.discard(partial);
    this.#host.failed(failure);
    this.#host.options.session.control.send({ type: "unopened", file, failure });
  }
}

/** Returns the parts of a range that are not kept. */
function missingOf(kept: SummedRange[], whole: ByteRange): ByteRange[] {
  const missing: ByteRange[] = [];
  let at = whole.start;
  for (const { start, end } of [...kept, { start: whole.end, end: whole.end }]) {
    if (at < start) missing.push({ start: at, end: start });
    at = end;
  }
  return missing;
}
