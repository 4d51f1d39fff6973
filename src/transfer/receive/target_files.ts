/** Files that a receiver writes with all its streams, and their totals. */

import { createdLinks } from "../../files/target/created_links.ts";
import type { ExtraOptions, RemovedExtras } from "../../files/engine/directory_writer.ts";
import type { RemovedPlace } from "../../files/engine/target_place.ts";
import type { Target } from "../../files/engine/target.ts";
import type { TargetOptions } from "../../files/engine/target_options.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import type { CodecName } from "../../protocol/codec_names.ts";
import type { OwnerName } from "../../protocol/data/owners.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { changedMode } from "../../protocol/control/mode_changes.ts";
import type { Failure } from "../../protocol/failure.ts";
import { toFailure } from "../../streams/failure.ts";
import { AnnouncedAttributes, type AttributeRules } from "../../streams/receive/announced_attributes.ts";
import type { ReceiveRole } from "../../streams/run/job.ts";
import { sharedLimit } from "../../streams/shared_limit.ts";
import { StreamPool } from "../../streams/run/pool.ts";
import type { ReceivedPack, ReceiveReport } from "../../streams/report.ts";
import { failedEvent } from "../events.ts";
import { ProgressTimer } from "../progress_timer.ts";
import { ReportedTexts } from "../reported_texts.ts";
import { StreamGroup } from "../streams/stream_group.ts";
import type { Deletion } from "./deletion.ts";
import { DirectoryFinalizer } from "./directory_finalizer.ts";
import { KeptBackups } from "./kept_backups.ts";
import { LargeFileTargets } from "./large_file_targets.ts";
import { noteUser } from "./note_user.ts";
import { PackTotals } from "./pack_totals.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import type { ResumeRecord } from "./resume_record.ts";
import { GatheredNote, noteOfSame } from "./gathered_note.ts";

/** Small files that the streams report, large files that they write together, and directories. */
export class TargetFiles {
  readonly streamGroup: StreamGroup;
  /** Whether the sender has sent its last message. */
  finishing = false;
  readonly #options: ReceiveOptions;
  readonly #record: ResumeRecord | undefined;
  readonly #deletion: Deletion | undefined;
  readonly #target: Target;
  /** Attributes of large files. */
  readonly #attributes: AnnouncedAttributes;
  /** Resolves when all names of owners that have arrived are looked up. */
  #addingOwners?: Promise<void>;
  #isClosing = false;
  readonly #directories: DirectoryFinalizer;
  readonly #backups: KeptBackups;
  readonly #packs = new PackTotals();
  readonly #large: LargeFileTargets;
  readonly #progress = new ProgressTimer((bytes) => this.#reportProgress(bytes));
  /** Number of failures that are not in `#packs`. */
  #otherFailures = 0;
  #swept = false;
  /** Notes so far: several streams may report the same one. */
  readonly #notes = new ReportedTexts();
  readonly #same: GatheredNote;
  readonly #inPlace: GatheredNote;

  /**
   * @param options.codecs codecs that the sender may use. Default: none.
   * @param options.deletion receives the entries that are removed. Default: entries of another kind stay.
   * @param options.pieces whether files may arrive in pieces of packs. Default: false.
   * @param options.record record of this run; undefined: finished files are not recorded.
   * @param options.sourceNames name of the source of each root, for messages.
   */
  constructor(
    options: ReceiveOptions,
    roots: TargetRoot[],
    { streams, codecs = [], record, deletion, sourceNames, ...shared }:
      & {
        streams: number;
        codecs?: readonly CodecName[];
        record?: ResumeRecord;
        deletion?: Deletion;
        sourceNames: readonly string[];
      }
      & AttributeRules
      & Pick<ReceiveRole, "pieces">,
  ) {
    this.#options = options;
    this.#record = record;
    this.#deletion = deletion;
    const { session, machine: { files }, job: { fsync } } = options;
    const targetOptions = { ...targetOptionsOf(options, record), replaces: deletion?.replaces };
    this.#target = files.openTarget(roots, targetOptions);
    this.#directories = new DirectoryFinalizer(roots, { fsync });
    const note = (text: string) => this.#note(text);
    this.#same = noteOfSame(roots, note);
    this.#inPlace = new GatheredNote(roots, note, "written in place: the name cannot be replaced");
    this.#backups = new KeptBackups(record);
    this.#large = new LargeFileTargets({
      options,
      roots,
      sourceNames,
      writer: this.#target.partials,
      directories: this.#directories,
      backups: this.#backups,
      record,
      mapped: (message) => this.#mapped(message),
      forget: (file) => this.streamGroup.pool.forget(file),
      startJournal: (file, path) => this.streamGroup.pool.startJournal(file, path),
      failed: (failure) => this.fail(failure),
      foundSame: (same) => this.#same.add(same),
      deleted: (places) => this.#deleted(places),
      wroteInPlace: (file) => this.#inPlace.add(file),
      checking: (bytes) => this.#reportChecking(bytes),
      fatal: (error) => this.streamGroup.fail(error),
    });
    this.#attributes = new AnnouncedAttributes(shared, note);
    const pool = this.#createPool(roots, targetOptions, { streams, codecs, ...shared });
    this.streamGroup = new StreamGroup({ session, pool, streamBroke: () => {}, finished: () => this.finishing });
  }

  /** Entries in place, as the totals that both ends compare. */
  get done(): { files: number; bytes: number; skipped: number; verified: number } {
    const { files, bytes, skipped, verified } = this.#packs.sum;
    return { files: files + this.#large.files, bytes: bytes + this.#large.bytes, skipped, verified };
  }

  /** Bytes of partial files that an earlier run left, and that are not sent again. */
  get kept(): number {
    return this.#large.kept;
  }

  /** Bytes of local copies that an earlier run had already written. They count as written. */
  get matched(): number {
    return this.#large.matched;
  }

  /** Bytes that were copied from replaced files. */
  get reused(): number {
    return this.#large.reused;
  }

  /** Number of paths that failed on this end. */
  get failures(): number {
    return this.#otherFailures + this.#packs.sum.failures;
  }

  /** Handles the announcement of a large file. */
  open(message: MessageOf<"open">): void {
    this.#large.open(message);
  }

  /** Adds names of owners in later announcements. They are looked up while further messages are handled. */
  addOwners(owners: readonly OwnerName[]): void {
    this.#addingOwners = this.#attributes.owners!.add(owners);
    this.#addingOwners.catch((error) => {
      if (!this.#isClosing) this.streamGroup.fail(error);
    });
  }

  /** Handles the sender's message that a large file is complete. */
  finishFile(message: MessageOf<"close">): void {
    this.#large.close(message);
  }

  /** Handles the sender's message that it has given up a large file. */
  drop(file: number): void {
    this.#large.drop(file);
  }

  /** Counts and reports a path that failed on this end. */
  fail(failure: Failure): void {
    this.#otherFailures++;
    this.#options.emit(failedEvent(failure, "receiver"));
  }

  /** Removes entries that the source lacks. Call it before `finish`. */
  async removeExtras(options: ExtraOptions): Promise<RemovedExtras> {
    const result = await this.#target.directories.removeExtras(options);
    this.#directories.add(result.opened);
    return result;
  }

  /** Removes the journals of ranges after a complete transfer. */
  async complete(): Promise<void> {
    await this.#large.complete();
  }

  startProgress(): void {
    this.#progress.start();
  }

  /** Sets the attributes of directories, and flushes them if requested. @returns failures that are not reported yet. */
  async finish(): Promise<Failure[]> {
    this.#progress.report();
    this.#same.note();
    this.#inPlace.note();
    if (this.#options.job.comparison?.dryRun) return [];
    // Backups are left of files that could not be verified, and temporary files of an earlier run.
    if (this.#options.job.verify || this.#record?.reopened) this.#sweep();
    const { shard } = this.#options.job;
    const isShard = shard?.index !== undefined;
    return (await this.#directories.finish(this.#target.directories, { isShard })).map(toFailure);
  }

  /** Ends all streams. Keeps partial files for a later run, and removes other unfinished files. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#large.stop();
    this.#attributes.owners?.close();
    await this.streamGroup.close();
    // Reports what a lost session has done.
    if (this.#progress.isRunning) this.#progress.report();
    this.#progress[Symbol.dispose]();
    await this.#large.settled();
    this.#target.abort({ keepPartials: true });
    this.#target.close();
    // A later run finds the backups by the token of this run.
    if (this.#options.job.verify && !this.#swept && !this.#record?.isKept) this.#sweep();
  }

  /** Removes temporary files and backups that are no longer used. */
  #sweep(): void {
    this.#swept = true;
    this.#target.directories.sweep(this.#directories.places());
  }

  #createPool(
    roots: TargetRoot[],
    targetOptions: TargetOptions,
    { streams, ...shared }: Pick<ReceiveRole, "codecs" | "pieces"> & AttributeRules & { streams: number },
  ): StreamPool {
    const { session, machine: { files, workers }, job, localCopyPid, listing, acceptedBytesPerSecond, shards } =
      this.#options;
    return new StreamPool(
      {
        role: {
          type: "receive",
          roots,
          options: targetOptions,
          ...shared,
          localCopyPid,
          comparison: job.comparison,
          verify: job.verify,
          digests: listing !== undefined,
          finishes: shards !== undefined && job.shard?.index === undefined,
          completions: this.#record?.shared,
        },
        cipherEngine: session.engine.name,
        fileEngine: files.name,
        dummy: files.dummy,
        blockBytes: job.blockBytes,
        limit: acceptedBytesPerSecond === undefined ? undefined : sharedLimit(acceptedBytesPerSecond),
        idleTimeoutMs: job.timeoutMs,
      },
      {
        next: () => Promise.reject(new Error("A receiver has no units")),
        partial: (file) => Promise.try(() => this.#large.partial(file)),
        isKept: (backup) => Promise.resolve(this.#backups.has(backup)),
        report: (_, report) => this.#report(report as ReceiveReport),
        written: (stream, bytes) => this.#progress.setWritten(stream, bytes),
        note: (text) => this.#note(text),
      },
      workers(streams),
    );
  }

  #note(text: string): void {
    if (this.#notes.add(text)) noteUser(this.#options, text);
  }

  #report(report: ReceiveReport): void {
    try {
      if (report.type === "pack") this.#reportPack(report);
      else this.#large.report(report);
    } catch (error) {
      this.streamGroup.fail(error);
    }
  }

  #reportPack(report: ReceivedPack): void {
    this.#list(report);
    this.#deleted(report.deleted);
    this.#backups.add(report.kept);
    this.#backups.drop(report.confirmed);
    if (!this.#packs.add(report)) return;
    if (report.same) this.#same.add(report.same);
    if (report.inPlace) this.#inPlace.add(report.inPlace);
    const { job: { xattrs, acls }, emit, shards } = this.#options;
    report.upToDate?.forEach(({ path }) => shards?.joined(path));
    for (const failure of report.failures) emit(failedEvent(failure, "receiver"));
    this.#directories.add(report.directories.map((directory) => ({
      ...directory,
      xattrs: xattrs || acls ? directory.xattrs : undefined,
      created: false,
    })));
    this.#directories.add(report.created);
    if (report.finished) this.#record?.addFiles(report.finished);
    this.#backups.writeToRecord();
    report.entered?.forEach((directory) => this.#directories.addEntered(directory));
  }

  /** Returns an announcement with the attributes that this end sets. */
  #mapped(message: MessageOf<"open">): MessageOf<"open"> | Promise<MessageOf<"open">> {
    const attributes = this.#attributes;
    const mapped = () => ({ ...message, attributes: attributes.ofLargeFile(message.attributes, message.xattrs) });
    const { owners } = attributes;
    if (!owners) return mapped();
    return (async () => {
      await this.#addingOwners;
      await owners.retry();
      return mapped();
    })();
  }

  #deleted(places: readonly RemovedPlace[] = []): void {
    // The sender does not wait for these messages, so neither does this end.
    for (const place of places) this.#deletion?.report(place);
  }

  /** Lists the files of a pack, also of an earlier attempt, because the file that was written last is in place. */
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

  /** Reports the bytes that are being verified to the user, who is at the client. */
  #reportChecking(bytes: number): void {
    const { session, emit } = this.#options;
    emit({ type: "checking", bytes });
    if (session.role === "remote" && session.features.includes("checking")) {
      session.control.send({ type: "checking", bytes });
    }
  }

  #reportProgress(writtenBytes: number): void {
    const { files, bytes } = this.done;
    const { kept, current: file } = this.#large;
    this.#options.emit({
      type: "progress",
      files,
      bytes: Math.max(bytes, writtenBytes + kept),
      resumed: kept,
      doneBytes: bytes,
      wireBytes: this.#options.job.compress ? this.streamGroup.pool.wireBytes : undefined,
      file,
      streams: this.#progress.written,
    });
  }
}

/** Returns the options of the writers of all threads. */
function targetOptionsOf(options: ReceiveOptions, record: ResumeRecord | undefined): TargetOptions {
  const { session, machine: { umask }, job, localCopyPid } = options;
  const { preserve, xattrs, acls, sparse, inplace, direct, fsync, verify, comparison, dirlinks, backup } = job;
  const { removesSources, chmod } = job;
  return {
    preserve,
    // Otherwise the times would differ in the next update, which would send everything again.
    keepTimes: comparison !== undefined && comparison.by !== "nothing",
    moves: removesSources,
    xattrs,
    acls,
    sparse,
    inplace,
    direct,
    fsync,
    umask,
    defaultDirectoryMode: chmod && changedMode(0o777, true, chmod),
    token: record?.token ?? session.secrets.id.slice(0, 8),
    statAfterWrite: record?.shared !== undefined,
    keepBackups: verify,
    backup: backup && { suffix: backup.suffix, elsewhere: backup.directory !== undefined },
    localCopy: localCopyPid !== undefined,
    dirlinks: dirlinks ? createdLinks() : undefined,
  };
}
