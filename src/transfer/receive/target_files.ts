/** What is written on this side, in all threads together, and what is known of it. */

import { ProtocolError } from "../../errors.ts";
import type { Partial, TargetOptions, TargetWriter } from "../../files/engine/target.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { isRefusedPath, privateName } from "../../files/path/private_names.ts";
import { targetText } from "../../files/target/name.ts";
import { openFilesLimit, unprovenFiles } from "../../native/file/open_files_limit.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { encodeName } from "../../protocol/names.ts";
import { type ByteRange, RangeSums, type SummedRange } from "../../protocol/data/range_sums.ts";
import type { Failure } from "../../protocol/failure.ts";
import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { toFailure } from "../../streams/failure.ts";
import { StreamPool } from "../../streams/run/pool.ts";
import type { ReceivedPack, ReceivedRange, ReceiveReport } from "../../streams/unit.ts";
import { failedEvent } from "../events.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import { KeptBackups } from "./kept_backups.ts";
import { LEAST_RESUMED_BYTES, type ResumeRecord } from "./resume_record.ts";
import { StreamGroup } from "../stream_group.ts";
import { TargetRecords } from "./target_records.ts";
import { DirectoryFinalizer } from "./directory_finalizer.ts";

/** A ranged file that is being written. */
interface OpenFile {
  partial: Partial;
  message: MessageOf<"open">;
  sums: RangeSums;
  /** Bytes of what was lent that an earlier copy had left. */
  found: number;
  /** The sender's CRC-32, once it says that it was all. */
  expected?: number;
  /** A part of it could not be written, which has been told. */
  failed?: boolean;
}

/** What came of a pack unit in its latest attempt. */
interface UnitCount {
  attempt: number;
  files: number;
  bytes: number;
  skipped: number;
  verified: number;
  failures: number;
}

/** Most ranged files at one time; the sender's window is smaller. */
const MAX_OPEN_FILES = 256;
/** Descriptors that are left for all but journals, of which each takes two while its file is begun. */
const OTHER_DESCRIPTORS = 96;

/** What is written here, and what is known of it. */
export class TargetFiles {
  readonly streamGroup: StreamGroup;
  readonly done = { files: 0, bytes: 0, skipped: 0, verified: 0 };
  /** Bytes of large files that an earlier copy has left, and that are not sent. */
  kept = 0;
  /** The same of what was lent and compared: it counts as written. */
  matched = 0;
  failures = 0;
  /** The sender has nothing more. */
  finishing = false;
  readonly #options: ReceiveOptions;
  readonly #memory: ResumeRecord | undefined;
  readonly #writer: TargetWriter;
  readonly #roots: readonly TargetRoot[];
  readonly #records: TargetRecords;
  readonly #open = new Map<number, OpenFile>();
  /** Files that are being looked at: whether an earlier copy has left something of them. */
  readonly #beginning = new Map<number, Promise<void>>();
  /** Of these, those that were given up meanwhile. */
  readonly #dropped = new Set<number>();
  /** Files that were ever announced. */
  readonly #known = new Set<number>();
  /** Complete files that are flushed to the disk, or digested. */
  readonly #syncing = new Set<Promise<void>>();
  #yielder?: EventLoopYielder;
  readonly #directories: DirectoryFinalizer;
  readonly #backups: KeptBackups;
  readonly #units = new Map<number, UnitCount>();
  readonly #written = new Map<number, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  #swept = false;

  /** @param memory of this run; undefined: nothing is remembered. */
  constructor(
    options: ReceiveOptions,
    roots: TargetRoot[],
    { streams, memory }: { streams: number; memory?: ResumeRecord },
  ) {
    this.#memory = memory;
    this.#backups = new KeptBackups(memory);
    this.#roots = roots;
    this.#records = new TargetRecords(memory?.records, roots, options.files.paths);
    this.#options = options;
    const { session, files, preserve, xattrs, acls, sparse, direct, fsync, umask, comparison } = options;
    const token = memory?.token ?? session.secrets.id.slice(0, 8);
    // Otherwise the next update would find times that differ, and send everything again.
    const keepTimes = comparison !== undefined && comparison.by !== "nothing";
    const targetOptions: TargetOptions = {
      preserve,
      keepTimes,
      xattrs,
      acls,
      sparse,
      direct,
      fsync,
      umask,
      token,
      statAfterWrite: memory?.shared !== undefined,
      keepBackups: options.verify,
      lent: options.lender !== undefined,
    };
    this.#writer = files.targetWriter(roots, targetOptions);
    const pool = new StreamPool(
      {
        role: {
          type: "receive",
          roots,
          options: targetOptions,
          codecs: options.codecs,
          lender: options.lender,
          comparison,
          verify: options.verify,
          digests: options.listing !== undefined,
          memory: memory?.shared,
        },
        cipherEngine: session.engine.name,
        fileEngine: files.name,
        dummy: files.dummy,
        blockBytes: options.blockBytes,
        idleTimeoutMs: options.idleTimeoutMs,
      },
      {
        next: () => Promise.reject(new Error("A receiver has no units")),
        partial: (file) => this.#partial(file),
        isKept: (backup) => Promise.resolve(this.#backups.has(backup)),
        report: (_, report) => {
          try {
            this.#report(report as ReceiveReport);
          } catch (error) {
            this.streamGroup.fail(error);
          }
        },
        written: (stream, bytes) => this.#written.set(stream, bytes),
        note: (text) => this.#note(text),
      },
      options.workers(streams),
    );
    this.streamGroup = new StreamGroup({ session, pool, streamBroke: () => {}, finished: () => this.finishing });
    this.#directories = new DirectoryFinalizer(roots, { fsync });
  }

  open(message: MessageOf<"open">): void {
    // What it made now nobody would remove.
    if (this.#closed) return;
    const { file } = message;
    if (this.#options.comparison?.dryRun) throw new ProtocolError("bad-order", "Cannot open a file in a dry run");
    if (this.#known.has(file)) throw new ProtocolError("bad-order", `Cannot open file ${file} twice`);
    if (this.#open.size + this.#beginning.size + this.#syncing.size >= MAX_OPEN_FILES) {
      throw new ProtocolError("bad-order", "Cannot open more files at one time");
    }
    this.#known.add(file);
    const begun = this.#begin(message).catch((error) => this.streamGroup.fail(error)).finally(() => {
      this.#beginning.delete(file);
    });
    this.#beginning.set(file, begun);
  }

  async #begin(message: MessageOf<"open">): Promise<void> {
    const { control } = this.#options.session;
    const { file, root, path, size, identity, attributes: { mtime, mtimeNs } } = message;
    try {
      const bytes = encodeName(path);
      if (isRefusedPath(this.#roots[root], bytes, 0, bytes.length)) {
        throw privateName("create", targetText(this.#roots[root], path));
      }
      const recorded = await this.#records.of(root, path);
      const resumes = this.#options.resume && identity && size >= LEAST_RESUMED_BYTES && this.#mayKeepJournal();
      const source = resumes ? { size, mtime, mtimeNs, identity } : undefined;
      const { partial, kept } = await this.#writer.beginPartial(root, path, size, recorded && { ...recorded, source });
      // How much comes in on a pipe is known at its end.
      if (message.input) partial.size = Number.MAX_SAFE_INTEGER;
      this.#directories.touch(this.#writer.takeCreated());
      if (this.#dropped.delete(file)) return this.#writer.keep(partial);
      const sums = new RangeSums();
      kept.forEach((range) => sums.add(range));
      this.kept += sums.bytes;
      this.#open.set(file, { partial, message, sums, found: 0 });
      const missing = missingOf(kept, size);
      const sequential = partial.temporary === "";
      control.send({ type: "opened", file, missing, ...(kept.length > 0 ? { kept } : {}), sequential });
    } catch (error) {
      this.#directories.touch(this.#writer.takeCreated());
      const failure = toFailure(error);
      this.failed(failure);
      control.send({ type: "unopened", file, failure });
    }
  }

  /** Where descriptors are scarce a file does without a journal, and cannot be resumed. */
  #mayKeepJournal(): boolean {
    const most = Math.floor((openFilesLimit() - unprovenFiles() - OTHER_DESCRIPTORS) / 2);
    let journals = this.#beginning.size;
    for (const { partial } of this.#open.values()) if (partial.journal !== undefined) journals++;
    return journals < most;
  }

  finishFile({ file, size, crc32 }: MessageOf<"close">): void {
    const open = this.#open.get(file);
    if (!open) throw new ProtocolError("bad-order", `Cannot close file ${file}: it is not open`);
    if (open.message.input) open.message.size = size;
    else if (size !== open.message.size) throw new ProtocolError("bad-order", `Cannot change the size of file ${file}`);
    open.expected = crc32;
    this.#commitIfComplete(file, open);
  }

  drop(file: number): void {
    const open = this.#open.get(file);
    this.#open.delete(file);
    this.streamGroup.pool.forget(file);
    if (open) this.#writer.keep(open.partial);
    else if (this.#beginning.has(file)) this.#dropped.add(file);
  }

  /** A path failed on this side. */
  failed(failure: Failure): void {
    this.failures++;
    this.#tellFailure(failure);
  }

  #tellFailure(failure: Failure): void {
    this.#options.emit(failedEvent(failure));
  }

  /** Whether a path failed on this side so far. */
  get hasFailed(): boolean {
    return this.failures > 0 || this.#units.values().some(({ failures }) => failures > 0);
  }

  startProgress(): void {
    this.#timer = setInterval(() => this.#tell(), 200);
  }

  /** Gives directories their attributes, and brings them to the disk where that is wanted. */
  async finish(): Promise<Failure[]> {
    for (const { files, bytes, skipped, verified, failures } of this.#units.values()) {
      this.done.files += files;
      this.done.bytes += bytes;
      this.done.skipped += skipped;
      this.done.verified += verified;
      this.failures += failures;
    }
    this.#units.clear();
    this.#tell();
    if (this.#options.comparison?.dryRun) return [];
    // What could not be verified for another reason than being wrong has left what it replaced.
    if (this.#options.verify || this.#memory?.reopened) this.#sweep();
    return (await this.#directories.finish(this.#writer)).map(toFailure);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.streamGroup.close();
    await Promise.all([...this.#beginning.values(), ...this.#syncing]);
    this.#yielder?.close();
    this.#writer.abort({ keepPartials: true });
    this.#writer.close();
    // What a later run can go on with it finds by the token of this one.
    if (this.#options.verify && !this.#swept && !this.#memory?.isKept) this.#sweep();
  }

  /** Removes what is left under names that nobody writes to any more. */
  #sweep(): void {
    this.#swept = true;
    this.#writer.sweep(this.#directories.places());
  }

  #tell(): void {
    let { files, bytes } = this.done;
    for (const unit of this.#units.values()) {
      files += unit.files;
      bytes += unit.bytes;
    }
    const written = this.#written.values().reduce((sum, each) => sum + each, 0);
    this.#options.emit({ type: "progress", files, bytes: Math.max(bytes, written + this.kept), resumed: this.kept });
  }

  /** Reports a note to the user, who is at the client. */
  #note(message: string): void {
    const { session, emit } = this.#options;
    emit({ type: "note", message });
    if (session.role === "remote" && session.features.includes("notes")) {
      session.control.send({ type: "note", message });
    }
  }

  #partial(file: number): Promise<Partial | undefined> {
    if (!this.#known.has(file)) {
      return Promise.reject(new ProtocolError("bad-block", `Cannot accept a block: file ${file} never was open`));
    }
    return Promise.resolve(this.#open.get(file)?.partial);
  }

  #report(report: ReceiveReport): void {
    if (report.type === "pack") this.#packDone(report);
    else this.#rangeDone(report);
  }

  /** Lists files of an earlier attempt too: the file that was written last is in place. */
  #list({ written = [], lost = [] }: ReceivedPack): void {
    const { listing } = this.#options;
    if (!listing) return;
    for (const { root, path, digest, first } of written) {
      if (digest) listing.digested(root, path, digest);
      else if (first !== undefined) listing.linked(root, path, first);
      listing.copied(root, path);
    }
    for (const { root, path } of lost) listing.lost(root, path);
  }

  #packDone(report: ReceivedPack): void {
    this.#list(report);
    this.#backups.add(report.kept);
    this.#backups.drop(report.confirmed);
    const known = this.#units.get(report.unit);
    // A stream that broke may still bring frames of a unit that another has begun again.
    if (known && known.attempt > report.attempt) return;
    const unit = known?.attempt === report.attempt
      ? known
      : { attempt: report.attempt, files: 0, bytes: 0, skipped: 0, verified: 0, failures: 0 };
    this.#units.set(report.unit, unit);
    unit.files += report.files;
    unit.bytes += report.bytes;
    unit.skipped += report.skipped;
    unit.verified += report.verified ?? 0;
    unit.failures += report.failures.length;
    report.failures.forEach((failure) => this.#tellFailure(failure));
    const { xattrs, acls } = this.#options;
    this.#directories.touch(report.directories.map((directory) => ({
      ...directory,
      xattrs: xattrs || acls ? directory.xattrs : undefined,
      created: false,
    })));
    this.#directories.touch(report.created);
    if (report.finished) this.#memory?.note(report.finished);
    this.#backups.note();
    report.entered?.forEach((directory) => this.#directories.entered(directory));
  }

  #rangeDone(report: ReceivedRange): void {
    const open = this.#open.get(report.file);
    if (!open) return;
    if (report.failure) {
      if (!open.failed) this.failed(report.failure);
      open.failed = true;
      return;
    }
    const { found = 0 } = report;
    if (open.sums.add(report)) {
      open.found += found;
      this.matched += found;
    }
    this.#commitIfComplete(report.file, open);
  }

  /** The last range's report and the sender's word come on different ways, in either order. */
  #commitIfComplete(file: number, open: OpenFile): void {
    const crc32 = open.sums.total(open.message.size);
    if (open.expected === undefined || crc32 === undefined) return;
    this.#open.delete(file);
    this.streamGroup.pool.forget(file);
    const { fsync, listing } = this.#options;
    if ((!fsync && !listing) || crc32 !== open.expected) return this.#commit(file, open, crc32);
    const { root, path } = open.message;
    if (fsync) this.#directories.entered({ root, path: path.slice(0, Math.max(0, path.lastIndexOf("/"))) });
    const synced = this.#settle(open, crc32)
      .then(() => this.#commit(file, open, crc32), (error) => this.#notCommitted(file, open, toFailure(error)))
      .catch((error) => this.streamGroup.fail(error))
      .finally(() => this.#syncing.delete(synced));
    this.#syncing.add(synced);
  }

  /** Flushes and digests a complete file, as far as that is wanted. */
  async #settle({ partial, message: { root, path, size } }: OpenFile, crc32: number): Promise<void> {
    const { fsync, listing } = this.#options;
    if (fsync) await this.#writer.sync(partial);
    if (!listing || partial.temporary === "") return;
    const { digestPartial } = await import("./received_digest.ts");
    const yielder = this.#yielder ??= new EventLoopYielder();
    const pause = () => {
      if (this.#closed) throw new Deno.errors.Interrupted("The transfer is over");
      return yielder.yieldIfDue();
    };
    try {
      listing.digested(root, path, await digestPartial(this.#writer, partial, { size, crc32 }, pause));
    } catch (error) {
      // The file is complete all the same.
      if (!this.#closed) throw error;
    }
  }

  #commit(file: number, open: OpenFile, crc32: number): void {
    const { size, attributes, xattrs } = open.message;
    if (crc32 !== open.expected) return this.#notCommitted(file, open, differs(open));
    try {
      const look = this.#writer.commit({ ...open.partial, size }, attributes, xattrs);
      if (look) this.#memory?.noteRanged(open.message, look);
    } catch (error) {
      return this.#notCommitted(file, open, toFailure(error));
    } finally {
      this.#backups.add(this.#writer.takeKept());
    }
    this.done.files++;
    this.done.bytes += size;
    this.#options.listing?.copied(open.message.root, open.message.path);
    const found = open.found > 0 ? { found: open.found } : {};
    this.#options.session.control.send({ type: "closed", file, bytes: size, crc32, ...found });
  }

  #notCommitted(file: number, { partial }: OpenFile, failure: Failure): void {
    this.#writer.discard(partial);
    this.failed(failure);
    this.#options.session.control.send({ type: "unopened", file, failure });
  }
}

/** What is not kept of so many bytes. */
function missingOf(kept: SummedRange[], size: number): ByteRange[] {
  const missing: ByteRange[] = [];
  let at = 0;
  for (const { start, end } of [...kept, { start: size, end: size }]) {
    if (at < start) missing.push({ start: at, end: start });
    at = end;
  }
  return missing;
}

function differs({ partial }: OpenFile): Failure {
  return {
    code: "ECHECKSUM",
    path: partial.path,
    message: `Cannot confirm ${JSON.stringify(partial.path)}: what was written is not what was read (CRC-32 differs)`,
    hint: "Copy it again; if it stays so, test the memory of both machines",
  };
}
