/**
 * Gives units of work to streams, and knows when all work is done. The walk is pulled on demand: it is never more than a
 * few units and a window of announced files ahead.
 */

import { quotePath } from "../../errors.ts";
import { Condition } from "../../async/condition.ts";
import type { Walk, WalkItem } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { cutText } from "../../protocol/control/texts.ts";
import type { Comparison } from "../../protocol/data/compare.ts";
import type { SelectedRecords } from "../../protocol/data/select_records.ts";
import { type Failure, isPlaced } from "../../protocol/failure.ts";
import { MAX_MESSAGE_TEXT } from "../../protocol/limits.ts";
import type { WirePath } from "../../protocol/wire_path.ts";
import { toFailure } from "../../streams/failure.ts";
import type { PackReport, SendReport } from "../../streams/report.ts";
import type {
  CompareUnit,
  InputUnit,
  PackUnit,
  RangedItem,
  RangeUnit,
  ScanUnit,
  SignatureUnit,
  WorkUnit,
} from "../../streams/unit.ts";
import type { ComparePlanner, ComparePlannerHost } from "./compare_planner.ts";
import { EarlyStop } from "./early_stop.ts";
import type { ItemizedChanges } from "./itemized_changes.ts";
import { LargeFiles } from "./large_files.ts";
import { LostFiles } from "./lost_files.ts";
import type { SchedulerHost, SchedulerOptions } from "./scheduler_host.ts";
import { planOf } from "./compared_file.ts";
import { PieceFiles } from "./piece_files.ts";
import { forEachFile, listSent } from "./sent_contents.ts";
import { SourceDigests } from "./source_digests.ts";
import { shownPath } from "./sources/names.ts";
import { UnitQueue } from "./queues/unit_queue.ts";
import type { Verification } from "./verification.ts";
import { WalkQueue } from "./queues/walk_queue.ts";

/** The work of one transfer. */
export class Scheduler {
  /** Files in place, as the receiver has confirmed. */
  readonly done = { files: 0, bytes: 0 };
  /** Entries that need no copy, as the receiver has confirmed. `counted` are those that the walk counts as files. */
  readonly skipped = { files: 0, counted: 0, bytes: 0 };
  /** Bytes of partial files that an earlier run left, and that are not sent. */
  kept = 0;
  /** Bytes of local copies that an earlier run had already written. Streams count them as written. */
  matched = 0;
  /** Bytes that the receiver has copied from files that it replaced. Streams count them as written. */
  reused = 0;
  /** Number of paths that failed. */
  failed = 0;

  readonly #host: SchedulerHost;
  readonly #options: SchedulerOptions;
  readonly #walk: WalkQueue;
  readonly #units = new UnitQueue();
  readonly #large: LargeFiles;
  /** Compares entries before they are sent, if requested. */
  #planner: ComparePlanner | undefined;
  /** Verifies written files, if requested. */
  #verification: Verification | undefined;
  /** Reads sources again for their digests. */
  readonly #digests: SourceDigests;
  readonly #broken = new Set<number>();
  /** Hard links, which are sent when the files that they point to are in place. */
  readonly #links: SelectedRecords[] = [];
  readonly #lost = new LostFiles();
  readonly #changes = new Condition();
  readonly #pieces: PieceFiles;
  /** The step of the walk that streams wait for. */
  #stepping: Promise<void> | undefined;
  #closed = false;
  readonly #earlyStop: EarlyStop;

  constructor(walk: Walk, host: SchedulerHost, options: SchedulerOptions) {
    this.#host = host;
    this.#options = options;
    this.#pieces = new PieceFiles(options);
    this.#walk = new WalkQueue(walk);
    this.#earlyStop = new EarlyStop((message) => host.note(message));
    this.#large = new LargeFiles({
      send: (message) => host.send(message),
      note: (message) => host.note(message),
      failed: (failure, side, { root, path }) => {
        if (!isPlaced(failure)) this.#lost.add(root, path);
        this.#fail(failure, side);
      },
      kept: (bytes) => this.kept += bytes,
      matched: (bytes) => this.matched += bytes,
      reused: (bytes) => this.reused += bytes,
      request: (unit) => this.#units.add(unit),
      // A verification reads the source again anyway.
      sent: (file) => this.#digests.sent(this.#verification ? { ...file, change: FileChange.none } : file),
      shards: host.shards,
      done: (bytes, item, sums) => {
        if (!item.range) this.done.files++;
        if (!item.joined) this.done.bytes += bytes;
        this.#lost.delete(item.root, item.path);
        // The run that finishes the file verifies it.
        if (item.range) return;
        if (this.#verification) return this.#verification.largeWritten(item, sums);
        host.listing?.copied(item.root, item.path);
        host.confirmed?.large(item);
      },
    }, options);
    this.#digests = new SourceDigests({
      rootName: (root) => host.rootName(root),
      digest: (work) => this.#units.add({ type: "digest", ...work }),
      listing: host.listing,
      send: (pack) => {
        if (this.#earlyStop.isFull) this.#earlyStop.dropped();
        else this.#addPack(pack);
      },
      sendLarge: (item) => this.#planner!.send(item),
      notSkipped: (files, bytes) => {
        this.skipped.counted -= files;
        this.skipped.bytes -= bytes;
      },
      isVerified: () => this.#verification !== undefined,
      failed: (failure) => this.#fail(failure, "sender"),
      note: (message) => host.note(message),
    });
  }

  /** Lets the receiver compare all entries before they are sent. Call it before the first unit is taken. */
  async compareFirst(comparison: Comparison): Promise<void> {
    // A comparison of times verifies nothing.
    const isConfirming = !this.#verification || comparison.by === "contents";
    await this.#createPlanner({ known: isConfirming ? this.#host.confirmed : undefined }, comparison);
  }

  /** As `compareFirst`, with the receiver's record of an earlier run. Recorded files count as if they were sent. */
  async recall(): Promise<void> {
    const { listing, confirmed } = this.#host;
    const known = listing ? this.#digests : this.#verification ? undefined : confirmed;
    await this.#createPlanner({ known }, { dryRun: false });
  }

  /** Verifies all files after they are written. Call it before the first unit is taken. */
  async verify(): Promise<void> {
    const { Verification } = await import("./verification.ts");
    this.#verification = new Verification({
      rootName: (root) => this.#host.rootName(root),
      lost: this.#lost,
      compare: (request) => this.#units.add({ type: "compare", verify: true, ...request }),
      send: (pack) => this.#addPack(pack),
      sendLarge: (item) => this.#large.announce(item),
      listing: this.#host.listing,
      confirmed: this.#host.confirmed,
      failed: (failure) => this.#fail(failure, "sender"),
      note: (message) => this.#host.note(message),
    });
  }

  /** Files and bytes that the walk has found so far, and whether it has ended. */
  get found(): Readonly<WalkQueue["found"]> {
    return this.#walk.found;
  }

  /** Whether files were not sent, because the target takes no more. */
  get stopped(): boolean {
    return this.#earlyStop.stopped;
  }

  /** Number of files and links that were verified. */
  get verified(): number {
    return this.#verification?.verified ?? 0;
  }

  /**
   * Returns the files and bytes that have to be sent, as known so far.
   *
   * @param counted counts of a second walk, which is ahead.
   */
  totals(counted?: Scheduler["found"]): { files: number; bytes: number; complete: boolean } {
    const { found, skipped } = this;
    // At its end, the walk has the exact counts.
    const ahead = found.complete ? undefined : counted;
    const complete = (ahead ?? found).complete && !this.#walk.awaitsInput && !this.stopped;
    const files = Math.max(found.files, ahead?.files ?? 0) - skipped.counted;
    const bytes = Math.max(found.bytes, ahead?.bytes ?? 0) - skipped.bytes;
    return { files, bytes, complete };
  }

  /** Path of a large file in progress; undefined if there is none. */
  get current(): string | undefined {
    const item = this.#large.current;
    return item && (shownPath(this.#host.rootName(item.root), item.path) || undefined);
  }

  /** Sets whether the receiver copies large files locally. Set it before the first unit is taken. */
  set offersLocalCopy(offers: boolean) {
    this.#options.offersLocalCopy = offers;
  }

  /** Sets whether large files may be sent in pieces of packs. Set it before the first unit is taken. */
  set pieces(accepted: boolean) {
    this.#options.pieces = accepted;
  }

  /** Sets the number of streams. */
  set streams(count: number) {
    this.#options.streams = Math.max(1, count);
  }

  /** Walks ahead until more than this number of files is found, so that a small job is known completely. */
  async lookAhead(limit: { files: number }): Promise<void> {
    await this.#walk.lookAhead(limit);
  }

  /** Returns the next unit for a stream; undefined if all work is done. */
  async next(stream: number): Promise<WorkUnit | undefined> {
    for (;;) {
      const turn = this.#host.turn?.();
      if (turn) await turn;
      // A stream that failed while waiting must not be given a unit, which would never be sent.
      if (this.#closed || this.#broken.has(stream)) return undefined;
      const unit = this.#units.take(stream) ?? this.#takeRange(stream);
      if (unit) this.#large.taken(unit);
      if (unit) this.#pieces.begin();
      if (unit) return unit;
      if (this.#handleAnswers()) continue;
      if (this.#mayStep()) await this.#step();
      else if (this.finished) return undefined;
      else await this.#changes.wait();
    }
  }

  /** Whether all work is done. */
  get finished(): boolean {
    return this.#walk.isEmpty && this.#links.length === 0 && this.#isIdle;
  }

  /** Handles the report of a unit. */
  report(report: SendReport): void {
    const unit = this.#units.remove(report.unit);
    if (!unit) return;
    if (report.type === "digest") this.#digests.answered(report);
    else if (report.type === "compare") {
      const request = unit as CompareUnit;
      if (request.verify) this.#verification!.answered(request, report);
      else this.#planner!.answered(request, report.outcomes, report.changes);
    } else if (report.type === "signature" || report.type === "scan") {
      this.#large.planReported(report, unit as SignatureUnit | ScanUnit);
    } else if (report.type === "pack") this.#reportPack(unit as PackUnit, report);
    else {
      this.#large.report(report, unit as RangeUnit | InputUnit);
      this.#pieces.sent(unit, report.end - report.start);
      if (unit.type === "input") this.#walk.addInput(report.end);
    }
    this.#changes.notifyAll();
  }

  /** Requeues the units of a broken stream. */
  streamBroke(stream: number): void {
    this.#broken.add(stream);
    this.#units.requeue(stream, (unit) => this.#large.takeBack(unit));
    this.#changes.notifyAll();
  }

  /** Handles the receiver's answer about a large file. @throws {ProtocolError} */
  answer(message: MessageOf<"opened" | "unopened" | "closed">): void {
    if (message.type === "opened") this.#large.opened(message);
    else if (message.type === "unopened") this.#large.refused(message);
    else this.#large.closed(message);
    this.#changes.notifyAll();
  }

  /** Closes the walk, and wakes waiting streams, which get no more units. */
  close(): void {
    this.#closed = true;
    this.#walk.close();
    this.#changes.notifyAll();
  }

  /** Whether no unit, large file or comparison is in progress. */
  get #isIdle(): boolean {
    return this.#units.isEmpty && this.#large.size === 0 && this.#pieces.refused === 0 &&
      (this.#planner?.idle ?? true) &&
      (this.#verification?.idle ?? true);
  }

  async #createPlanner(
    known: Pick<ComparePlannerHost, "known">,
    comparison: Pick<Comparison, "dryRun"> & Partial<Comparison>,
  ): Promise<void> {
    const { ComparePlanner } = await import("./compare_planner.ts");
    this.#planner = new ComparePlanner({
      ...known,
      items: comparison.itemize ? await this.#createItems(comparison) : undefined,
      rootName: (root) => this.#host.rootName(root),
      compare: (request) => this.#units.add({ type: "compare", ...request }),
      send: (pack) => this.#addPack(pack),
      skipped: (bytes, isFile) => {
        this.skipped.files++;
        if (isFile) this.skipped.counted++;
        this.skipped.bytes += bytes;
      },
      upToDate: (path) => this.#host.shards?.joined(path),
      failed: (failure) => this.#fail(failure, "receiver"),
      dropped: () => this.#earlyStop.dropped(),
      planned: (entry) => this.#host.planned(entry),
    }, comparison);
  }

  async #createItems({ by }: Partial<Comparison>): Promise<ItemizedChanges> {
    const { ItemizedChanges } = await import("./itemized_changes.ts");
    return new ItemizedChanges({
      rootName: (root) => this.#host.rootName(root),
      report: (entry) => this.#host.itemized?.(entry),
      byContents: by === "contents",
      preserve: this.#options.preserve ?? false,
      keepsTimes: by === "times" || by === "contents",
    });
  }

  #takeRange(stream: number): WorkUnit | undefined {
    const unit = this.#large.next(this.#units.nextUnit);
    if (unit) this.#units.taken(unit, stream);
    return unit;
  }

  #reportPack(unit: PackUnit, report: PackReport): void {
    const { listing } = this.#host;
    const { inPlace, contents } = report;
    this.#large.packSent(unit, report.bytes);
    if (unit.file && this.#pieces.isRefused(report)) {
      if (this.#earlyStop.isFull) return this.#earlyStop.dropped();
      return this.#pieces.refuse(unit.file);
    }
    this.#pieces.sent(unit, report.bytes);
    this.done.files += report.files;
    this.done.bytes += report.bytes;
    for (const failure of report.failures) this.#fail(failure, "sender");
    for (const failure of report.refused) this.#fail(failure, "receiver");
    for (const note of report.notes) this.#host.note(note);
    if (inPlace.includes(0)) {
      const lost = inPlace.map((place) => place === 0 ? 1 : 0);
      forEachFile(unit, lost, (root, path) => this.#lost.add(root, path));
    }
    if (listing && contents) listSent(unit, inPlace, contents, listing);
    if (this.#verification) this.#verification.packWritten(unit, inPlace, contents);
    else {
      if (listing) forEachFile(unit, inPlace, (root, path) => listing.copied(root, path));
      this.#host.confirmed?.pack(unit.plan, inPlace);
    }
    for (const { item, bytesBefore } of report.grown) {
      if (this.#earlyStop.isFull) this.#earlyStop.dropped();
      else this.#walk.addGrown(item, bytesBefore);
    }
  }

  /** Starts the work that comparisons and reports have found. @returns whether there was any. */
  #handleAnswers(): boolean {
    const isWalked = this.#walk.isEmpty;
    const { hasRoom } = this.#large;
    const refused = hasRoom ? this.#pieces.takeRefused() : undefined;
    if (refused) {
      this.#large.announce(refused);
      return true;
    }
    if (this.#verification?.step({ hasRoom, flush: isWalked })) return true;
    const planner = this.#planner;
    if (!planner) return false;
    const needed = hasRoom ? planner.takeNeeded() : undefined;
    if (needed) this.#sendLarge(needed.item, needed);
    return needed !== undefined || planner.compareRange() || (isWalked && planner.flush());
  }

  #mayStep(): boolean {
    if (!this.#walk.isEmpty) return this.#large.hasRoom && (this.#planner?.hasRoom ?? true);
    return this.#mayLink;
  }

  /** Whether everything but hard links is in place. */
  get #mayLink(): boolean {
    return this.#links.length > 0 && this.#isIdle;
  }

  /** Handles one item of the walk. Streams that need units at the same time wait for the same step. */
  async #step(): Promise<void> {
    this.#stepping ??= this.#handleNextItem().finally(() => this.#stepping = undefined);
    await this.#stepping;
  }

  async #handleNextItem(): Promise<void> {
    const next = await this.#walk.peek();
    // The item stays in the queue meanwhile, because `finished` must not be true.
    if (next?.type === "ranged") await this.#host.sendOwners?.(next);
    // Without an item, one whose owners were not sent may have arrived meanwhile.
    const item = next && this.#walk.take();
    if (item) this.#handleItem(item);
    else if (this.#walk.isEmpty && this.#mayLink) {
      const pathOf = (root: number, path: string) => shownPath(this.#host.rootName(root), path);
      for (const links of this.#links.splice(0)) {
        const linkable = this.#lost.withoutLinks(links, pathOf, (failure) => this.#fail(failure, "sender"));
        if (linkable.records > 0) this.#sendOrCompare(linkable);
      }
    }
    this.#changes.notifyAll();
  }

  #handleItem(item: WalkItem): void {
    // A full target needs names too: only files count as dropped.
    if (item.type === "names") return this.#host.send({ ...item, path: item.path as WirePath });
    if (this.#earlyStop.isFull && item.type !== "failed" && item.type !== "note") return this.#earlyStop.dropped();
    switch (item.type) {
      case "pack":
        if (item.links) this.#links.push(item);
        else this.#sendOrCompare(item);
        break;
      case "ranged":
        this.#sendOrCompareLarge(item);
        break;
      case "input":
        this.#large.announceInput(item.root);
        break;
      case "failed":
        this.#fail(toFailure(item.error), "sender");
        break;
      case "note":
        this.#host.note(cutText(`${quotePath(item.path)}: ${item.message}`, MAX_MESSAGE_TEXT));
        break;
    }
  }

  #sendOrCompare(pack: SelectedRecords): void {
    if (this.#planner) this.#planner.addPack(pack);
    else this.#addPack(pack);
  }

  #sendOrCompareLarge(item: RangedItem): void {
    if (this.#planner) this.#planner.addLarge(item);
    else this.#sendLarge(item);
  }

  #sendLarge(item: RangedItem, { replaces = false }: { replaces?: boolean } = {}): void {
    const isLast = this.#walk.isEmpty && (this.#planner?.idle ?? true);
    const isInPieces = !isLast && this.#pieces.includes(item, { replaces, verifies: this.#verification !== undefined });
    if (isInPieces) this.#units.add({ type: "pack", ...planOf([item]), file: item });
    else this.#large.announce(item, { replaces });
  }

  #addPack({ plan, records }: SelectedRecords): number {
    return this.#units.add({ type: "pack", plan, records });
  }

  #fail(failure: Failure, side: "sender" | "receiver"): void {
    this.failed++;
    this.#host.failed(failure, side);
    if (side === "receiver" && this.#earlyStop.startsAt(failure)) this.#stop();
  }

  /**
   * Sends nothing else, because every other file would fail too. Units and large files in progress end as usual, and so
   * does the verification: a file that it sends again is in place, but wrong.
   */
  #stop(): void {
    const waiting = this.#units.drop((unit) =>
      unit.type === "compare" ? !unit.verify : unit.type === "pack" && !this.#verification?.sendsAgain(unit.unit)
    );
    const hasOthers = this.#links.length + this.#pieces.refused + waiting.length > 0;
    const dropped = [this.#walk.stop(), this.#planner?.stop(waiting) ?? false, hasOthers];
    this.#links.length = 0;
    this.#pieces.stop();
    if (dropped.includes(true)) this.#earlyStop.dropped();
  }
}
