/**
 * Hands out units of work to whichever stream asks, and knows when all of them are done. The walk is pulled along: it is
 * never further ahead than a few units and a window of announced files.
 */

import { quotePath } from "../errors.ts";
import type { Walk, WalkItem } from "../files/engine.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Failure } from "../protocol/results.ts";
import { Changes } from "../streams/changes.ts";
import { toFailure } from "../streams/failure.ts";
import type { PackUnit, SendReport, Unit } from "../streams/unit.ts";
import { RangedFiles } from "./ranged_files.ts";

/** Whom the scheduler tells. */
export interface SchedulerHost {
  /** To the receiver, over the control channel. */
  send(message: Message): void;
  /** A path that did not arrive. What failed on the receiver is known there already. */
  failed(failure: Failure, side: "sender" | "receiver"): void;
  note(message: string): void;
}

/** Sizes that shape the units. */
export interface SchedulerOptions {
  streams: number;
  blockBytes: number;
  /** Whether holes are sent as such. Default false. */
  sparse?: boolean;
}

type PackItem = Extract<WalkItem, { type: "pack" }>;

/** One transfer's work. */
export class Scheduler {
  /** Found by the walk so far. */
  readonly found = { files: 0, bytes: 0, complete: false };
  /** In place on the receiving side, as it has confirmed. */
  readonly done = { files: 0, bytes: 0 };
  /** Paths that failed. */
  failed = 0;

  readonly #walk: Walk;
  readonly #host: SchedulerHost;
  readonly #options: SchedulerOptions;
  readonly #ranged: RangedFiles;
  readonly #ready: PackUnit[] = [];
  readonly #out = new Map<number, { unit: Unit; stream: number }>();
  readonly #broken = new Set<number>();
  readonly #early: WalkItem[] = [];
  /** Hard links, whose first names must be in place before them. */
  readonly #links: PackItem[] = [];
  readonly #changes = new Changes();
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
      failed: (failure, side) => this.#fail(failure, side),
      done: (bytes) => {
        this.done.files++;
        this.done.bytes += bytes;
      },
    }, options);
  }

  /** Sets how many streams will ask, once that is known. */
  set streams(count: number) {
    this.#options.streams = Math.max(1, count);
  }

  /** Walks ahead until this much is found, so that small jobs are known to be small before they start. */
  async lookAhead(limit: { files: number; bytes: number }): Promise<void> {
    while (!this.found.complete && this.found.files <= limit.files && this.found.bytes <= limit.bytes) {
      const item = await this.#pull();
      if (item) this.#early.push(item);
    }
  }

  /** The next unit for a stream; undefined when everything is done. */
  async next(stream: number): Promise<Unit | undefined> {
    for (;;) {
      // A stream that broke while it waited must not take a unit into the grave.
      if (this.#closed || this.#broken.has(stream)) return undefined;
      const unit = this.#ready.shift() ?? this.#ranged.next(this.#nextUnit);
      if (unit) {
        if (unit.type !== "pack") this.#nextUnit++;
        this.#out.set(unit.unit, { unit, stream });
        return unit;
      }
      if (this.#mayWalk()) await this.#step();
      else if (this.finished) return undefined;
      else await this.#changes.next();
    }
  }

  /** Whether nothing is left to do or to wait for. */
  get finished(): boolean {
    return this.found.complete && this.#early.length === 0 && this.#links.length === 0 && this.#ready.length === 0 &&
      this.#out.size === 0 && this.#ranged.size === 0;
  }

  /** What became of a unit. */
  report(report: SendReport): void {
    if (!this.#out.delete(report.unit)) return;
    if (report.type === "pack") {
      this.done.files += report.files;
      this.done.bytes += report.bytes;
      for (const failure of report.failures) this.#fail(failure, "sender");
      for (const failure of report.refused) this.#fail(failure, "receiver");
      for (const note of report.notes) this.#host.note(note);
    } else this.#ranged.report(report);
    this.#changes.announce();
  }

  /** A stream is no more: what it had goes to others. */
  streamBroke(stream: number): void {
    this.#broken.add(stream);
    for (const [number, { unit, stream: owner }] of this.#out) {
      if (owner !== stream) continue;
      this.#out.delete(number);
      if (unit.type === "pack") this.#ready.push({ ...unit, attempt: unit.attempt + 1 });
      else this.#ranged.takeBack(unit);
    }
    this.#changes.announce();
  }

  /** What the receiver says of a ranged file. @throws {ProtocolError} */
  answer(message: MessageOf<"opened" | "unopened" | "closed">): void {
    if (message.type === "opened") this.#ranged.opened(message);
    else if (message.type === "unopened") this.#ranged.refused(message);
    else this.#ranged.closed(message);
    this.#changes.announce();
  }

  /** Lets go of the walk, and of streams that wait. */
  close(): void {
    this.#closed = true;
    this.#walk.close();
    this.#changes.announce();
  }

  #mayWalk(): boolean {
    if (this.#early.length > 0 || !this.found.complete) return this.#ranged.hasRoom;
    return this.#mayLink();
  }

  /** Whether everything but hard links is in place. */
  #mayLink(): boolean {
    return this.#links.length > 0 && this.#ready.length === 0 && this.#out.size === 0 && this.#ranged.size === 0;
  }

  /** One item of the walk; streams that ask at the same time wait for the same step. */
  async #step(): Promise<void> {
    this.#walking ??= (async () => {
      const item = this.#early.shift() ?? await this.#pull();
      if (item) this.#plan(item);
      else if (this.#mayLink()) {
        for (const links of this.#links.splice(0)) {
          this.#ready.push(this.#packUnit(links));
        }
      }
      this.#changes.announce();
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
    } else if (item.type === "input") this.found.files++;
    else if (item.type === "ranged") {
      this.found.files++;
      this.found.bytes += item.size;
    }
    return item;
  }

  #plan(item: WalkItem): void {
    switch (item.type) {
      case "pack":
        if (item.links) this.#links.push(item);
        else this.#ready.push(this.#packUnit(item));
        break;
      case "ranged":
        this.#ranged.announce(item);
        break;
      case "input":
        this.#ranged.announceInput(item.root);
        break;
      case "failed":
        this.#fail(toFailure(item.error), "sender");
        break;
      case "note":
        this.#host.note(`${quotePath(item.path)}: ${item.message}`);
        break;
    }
  }

  #packUnit({ plan, records }: PackItem): PackUnit {
    return { type: "pack", unit: this.#nextUnit++, attempt: 0, plan, records };
  }

  #fail(failure: Failure, side: "sender" | "receiver"): void {
    this.failed++;
    this.#host.failed(failure, side);
  }
}
