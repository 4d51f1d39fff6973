/**
 * Hands out units of work to whichever stream asks, and knows when all of them are done. The walk is pulled along: it is
 * never further ahead than a few units and a window of announced files.
 */

import { quotePath } from "../../errors.ts";
import type { Walk, WalkItem } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import type { Comparison } from "../../protocol/data/compare.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { MAX_MESSAGE_TEXT } from "../../protocol/limits.ts";
import { type Failure, isPlaced } from "../../protocol/failure.ts";
import { cutText } from "../../protocol/control/texts.ts";
import { Condition } from "../../async/condition.ts";
import { toFailure } from "../../streams/failure.ts";
import type { CompareUnit, DigestUnit, PackUnit, SendReport, WorkUnit } from "../../streams/unit.ts";
import { LostFiles } from "./lost_files.ts";
import { RangedFiles } from "./ranged_files.ts";
import { forEachFile, listSent } from "./sent_contents.ts";
import { shownPath } from "./source_names.ts";
import { SourceDigests } from "./source_digests.ts";
import type { ComparePlanner, ComparePlannerHost } from "./compare_planner.ts";
import type { Verification } from "./verification.ts";
import { type SchedulerHost, type SchedulerOptions } from "./scheduler_host.ts";

type PackItem = Extract<WalkItem, { type: "pack" }>;

/** One transfer's work. */
export class Scheduler {
  /** Found by the walk so far. */
  readonly found = { files: 0, bytes: 0, complete: false };
  /** In place on the receiving side, as it has confirmed. */
  readonly done = { files: 0, bytes: 0 };
  /** On the receiving side already, as it has confirmed; `counted` are those that `found.files` counts too. */
  readonly skipped = { files: 0, counted: 0, bytes: 0 };
  /** Bytes of large files that an earlier copy has left there, and that are not sent. */
  kept = 0;
  /** The same of what was lent and compared there: streams count it as written. */
  matched = 0;
  /** Paths that failed. */
  failed = 0;

  /** Nobody knows how long standard input is before it has ended. */
  #inputGoesOn = false;
  readonly #walk: Walk;
  readonly #host: SchedulerHost;
  readonly #options: SchedulerOptions;
  readonly #ranged: RangedFiles;
  readonly #ready: (PackUnit | CompareUnit | DigestUnit)[] = [];
  /** Where the receiver is asked first. */
  #questions: ComparePlanner | undefined;
  /** Where what is written is read again. */
  #verification: Verification | undefined;
  /** Sources that are read once more. */
  readonly #digests: SourceDigests;
  readonly #out = new Map<number, { unit: WorkUnit; stream: number }>();
  readonly #broken = new Set<number>();
  readonly #early: WalkItem[] = [];
  /** Hard links, whose first names must be in place before them. */
  readonly #links: PackItem[] = [];
  readonly #lost = new LostFiles();
  readonly #changes = new Condition();
  #nextUnit = 0;
  #walking: Promise<void> | undefined;
  #closed = false;

  constructor(walk: Walk, host: SchedulerHost, options: SchedulerOptions) {
    this.#walk = walk;
    this.#host = host;
    this.#options = options;
    this.#ranged = new RangedFiles({
      send: (message) => host.send(message),
      note: (message) => host.note(message),
      failed: (failure, side, { root, path }) => {
        if (!isPlaced(failure)) this.#lost.add(root, path);
        this.#fail(failure, side);
      },
      kept: (bytes) => this.kept += bytes,
      matched: (bytes) => this.matched += bytes,
      // A verification reads the source again anyway.
      sent: (file) => this.#digests.sent(this.#verification ? { ...file, change: FileChange.none } : file),
      done: (bytes, item, sums) => {
        this.done.files++;
        this.done.bytes += bytes;
        this.#lost.delete(item.root, item.path);
        if (this.#verification) this.#verification.rangedWritten(item, sums);
        else host.listing?.copied(item.root, item.path);
      },
    }, options);
    this.#digests = new SourceDigests({
      rootName: (root) => host.rootName(root),
      digest: (work) => {
        const unit = this.#nextUnit++;
        this.#ready.push({ type: "digest", unit, attempt: 0, ...work });
        return unit;
      },
      listing: host.listing,
      send: (pack) => this.#ready.push(this.#packUnit(pack)),
      sendRanged: (item) => this.#questions!.send(item),
      notSkipped: (files, bytes) => {
        this.skipped.counted -= files;
        this.skipped.bytes -= bytes;
      },
      isVerified: () => this.#verification !== undefined,
      failed: (failure) => this.#fail(failure, "sender"),
      note: (message) => host.note(message),
    });
  }

  /** From now on the receiver is asked before anything is sent. To be called before the first unit is taken. */
  async compareFirst(comparison: Comparison): Promise<void> {
    await this.#askWith({}, comparison);
  }

  /** As `compareFirst`: the receiver knows what an earlier run has finished, which is in place then as if it were sent. */
  async recall(): Promise<void> {
    await this.#askWith(this.#host.listing ? { known: this.#digests } : {}, { dryRun: false });
  }

  async #askWith(
    told: Pick<ComparePlannerHost, "known">,
    options: Pick<Comparison, "dryRun">,
  ): Promise<void> {
    const { ComparePlanner } = await import("./compare_planner.ts");
    this.#questions = new ComparePlanner({
      ...told,
      rootName: (root) => this.#host.rootName(root),
      ask: (question) => {
        const unit = this.#nextUnit++;
        this.#ready.push({ type: "ask", unit, attempt: 0, ...question });
        return unit;
      },
      send: (pack) => this.#ready.push(this.#packUnit(pack)),
      skipped: (bytes, isFile) => {
        this.skipped.files++;
        if (isFile) this.skipped.counted++;
        this.skipped.bytes += bytes;
      },
      failed: (failure) => this.#fail(failure, "receiver"),
      planned: (entry) => this.#host.planned(entry),
    }, options);
  }

  /** From now on what is written is read again on both sides. To be called before the first unit is taken. */
  async verify(): Promise<void> {
    const { Verification } = await import("./verification.ts");
    this.#verification = new Verification({
      rootName: (root) => this.#host.rootName(root),
      lost: this.#lost,
      ask: (question) => {
        const unit = this.#nextUnit++;
        this.#ready.push({ type: "ask", unit, attempt: 0, verify: true, ...question });
        return unit;
      },
      send: (pack) => {
        const unit = this.#packUnit(pack);
        this.#ready.push(unit);
        return unit.unit;
      },
      sendRanged: (item) => this.#ranged.announce(item),
      listing: this.#host.listing,
      failed: (failure) => this.#fail(failure, "sender"),
      note: (message) => this.#host.note(message),
    });
  }

  /** Files and links that were read again and are what they should be. */
  get verified(): number {
    return this.#verification?.verified ?? 0;
  }

  /** What the walk has found so far less what need not be sent; standard input when it has ended. */
  get totals(): { files: number; bytes: number; complete: boolean } {
    const { found, skipped } = this;
    const complete = found.complete && !this.#inputGoesOn;
    return { files: found.files - skipped.counted, bytes: found.bytes - skipped.bytes, complete };
  }

  /** Sets whether large files are lent, once that is known. To be called before the first unit is taken. */
  set offersLocalCopy(offers: boolean) {
    this.#options.offersLocalCopy = offers;
  }

  /** Sets how many streams will ask, once that is known. */
  set streams(count: number) {
    this.#options.streams = Math.max(1, count);
  }

  /** Walks ahead until this much is found, so that of few files all is known before they start. */
  async lookAhead(limit: { files: number }): Promise<void> {
    while (!this.found.complete && this.found.files <= limit.files) {
      const item = await this.#pull();
      if (item) this.#early.push(item);
    }
  }

  /** The next unit for a stream; undefined when everything is done. */
  async next(stream: number): Promise<WorkUnit | undefined> {
    for (;;) {
      const turn = this.#host.turn?.();
      if (turn) await turn;
      // A stream that broke while it waited must not take a unit into the grave.
      if (this.#closed || this.#broken.has(stream)) return undefined;
      const unit = this.#ready.shift() ?? this.#ranged.next(this.#nextUnit);
      if (unit) {
        if (unit.type === "range" || unit.type === "input") this.#nextUnit++;
        this.#out.set(unit.unit, { unit, stream });
        return unit;
      }
      if (this.#ask()) continue;
      if (this.#mayWalk()) await this.#step();
      else if (this.finished) return undefined;
      else await this.#changes.wait();
    }
  }

  /** Whether nothing is left to do or to wait for. */
  get finished(): boolean {
    return this.found.complete && this.#early.length === 0 && this.#links.length === 0 && this.#ready.length === 0 &&
      this.#out.size === 0 && this.#ranged.size === 0 && this.#asked;
  }

  /** What became of a unit. */
  report(report: SendReport): void {
    const unit = this.#out.get(report.unit)?.unit;
    if (!unit) return;
    this.#out.delete(report.unit);
    if (report.type === "digest") this.#digests.answered(report);
    else if (report.type === "ask" && (unit as CompareUnit).verify) {
      this.#verification!.answered(unit as CompareUnit, report);
    } else if (report.type === "ask") this.#questions!.answered(unit as CompareUnit, report.outcomes);
    else if (report.type === "pack") {
      this.done.files += report.files;
      this.done.bytes += report.bytes;
      for (const failure of report.failures) this.#fail(failure, "sender");
      for (const failure of report.refused) this.#fail(failure, "receiver");
      for (const note of report.notes) this.#host.note(note);
      if (report.inPlace.includes(0)) {
        const lost = report.inPlace.map((place) => place === 0 ? 1 : 0);
        forEachFile(unit as PackUnit, lost, (root, path) => this.#lost.add(root, path));
      }
      const { inPlace, contents } = report;
      const { listing } = this.#host;
      if (listing && contents) listSent(unit as PackUnit, inPlace, contents, listing);
      if (this.#verification) this.#verification.packWritten(unit as PackUnit, inPlace, contents);
      else if (listing) forEachFile(unit as PackUnit, inPlace, (root, path) => listing.copied(root, path));
      for (const { item, bytesBefore } of report.grown) {
        this.#early.push(item);
        this.found.bytes += item.size - bytesBefore;
      }
    } else {
      this.#ranged.report(report);
      if (unit.type === "input") {
        this.found.bytes += report.end;
        this.#inputGoesOn = false;
      }
    }
    this.#changes.notifyAll();
  }

  /** A stream is no more: what it had goes to others. */
  streamBroke(stream: number): void {
    this.#broken.add(stream);
    for (const [number, { unit, stream: owner }] of this.#out) {
      if (owner !== stream) continue;
      this.#out.delete(number);
      if (unit.type === "range" || unit.type === "input") this.#ranged.takeBack(unit);
      else this.#ready.push({ ...unit, attempt: unit.attempt + 1 });
    }
    this.#changes.notifyAll();
  }

  /** What the receiver says of a ranged file. @throws {ProtocolError} */
  answer(message: MessageOf<"opened" | "unopened" | "closed">): void {
    if (message.type === "opened") this.#ranged.opened(message);
    else if (message.type === "unopened") this.#ranged.refused(message);
    else this.#ranged.closed(message);
    this.#changes.notifyAll();
  }

  /** Lets go of the walk, and of streams that wait. */
  close(): void {
    this.#closed = true;
    this.#walk.close();
    this.#changes.notifyAll();
  }

  #mayWalk(): boolean {
    if (this.#early.length > 0 || !this.found.complete) {
      return this.#ranged.hasRoom && (this.#questions?.hasRoom ?? true);
    }
    return this.#mayLink();
  }

  /** Whether nothing has to be asked, or waits for its answer. */
  get #asked(): boolean {
    return (this.#questions?.idle ?? true) && (this.#verification?.idle ?? true);
  }

  /** Takes on what the receiver's answers have brought up. @returns whether that was anything. */
  #ask(): boolean {
    const found = this.found.complete && this.#early.length === 0;
    if (this.#verification?.step({ hasRoom: this.#ranged.hasRoom, flush: found })) return true;
    const questions = this.#questions;
    if (!questions) return false;
    const needed = this.#ranged.hasRoom ? questions.takeNeeded() : undefined;
    if (needed) this.#ranged.announce(needed);
    return needed !== undefined || questions.askRange() ||
      (found && questions.flush());
  }

  /** Whether everything but hard links is in place. */
  #mayLink(): boolean {
    return this.#links.length > 0 && this.#ready.length === 0 && this.#out.size === 0 && this.#ranged.size === 0 &&
      this.#asked;
  }

  /** One item of the walk; streams that ask at the same time wait for the same step. */
  async #step(): Promise<void> {
    this.#walking ??= (async () => {
      const item = this.#early.shift() ?? await this.#pull();
      if (item) this.#plan(item);
      else if (this.#mayLink()) {
        for (const item of this.#links.splice(0)) {
          const pathOf = (root: number, path: string) => shownPath(this.#host.rootName(root), path);
          const links = this.#lost.withoutLinks(item, pathOf, (failure) => this.#fail(failure, "sender"));
          if (links.records > 0) this.#readyPack(links);
        }
      }
      this.#changes.notifyAll();
    })().finally(() => this.#walking = undefined);
    await this.#walking;
  }

  async #pull(): Promise<WalkItem | undefined> {
    if (this.found.complete) return undefined;
    const next = this.#walk.next();
    const item = next instanceof Promise ? await next : next;
    if (!item) this.found.complete = true;
    else if (item.type === "pack") {
      this.found.files += item.files;
      this.found.bytes += item.bytes;
    } else if (item.type === "input") {
      this.found.files++;
      this.#inputGoesOn = true;
    } else if (item.type === "ranged") {
      this.found.files++;
      this.found.bytes += item.size;
    }
    return item;
  }

  #plan(item: WalkItem): void {
    switch (item.type) {
      case "pack":
        if (item.links) this.#links.push(item);
        else this.#readyPack(item);
        break;
      case "ranged":
        if (this.#questions) this.#questions.addRanged(item);
        else this.#ranged.announce(item);
        break;
      case "input":
        this.#ranged.announceInput(item.root);
        break;
      case "failed":
        this.#fail(toFailure(item.error), "sender");
        break;
      case "note":
        this.#host.note(cutText(`${quotePath(item.path)}: ${item.message}`, MAX_MESSAGE_TEXT));
        break;
    }
  }

  #readyPack(item: Pick<PackItem, "plan" | "records">): void {
    if (this.#questions) this.#questions.addPack(item);
    else this.#ready.push(this.#packUnit(item));
  }

  #packUnit({ plan, records }: Pick<PackItem, "plan" | "records">): PackUnit {
    return { type: "pack", unit: this.#nextUnit++, attempt: 0, plan, records };
  }

  #fail(failure: Failure, side: "sender" | "receiver"): void {
    this.failed++;
    this.#host.failed(failure, side);
  }
}
