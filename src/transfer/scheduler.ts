/**
 * Hands out units of work to whichever stream asks, and knows when all of them are done. The walk is pulled along: it is
 * never further ahead than a few units and a window of announced files.
 */

import { ProtocolError, quotePath } from "../errors.ts";
import type { Walk, WalkItem } from "../files/engine.ts";
import { MAX_ROOTS } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import { type ByteRange, RangeSums } from "../protocol/range_sums.ts";
import type { Failure } from "../protocol/results.ts";
import { Changes } from "../streams/changes.ts";
import { toFailure } from "../streams/failure.ts";
import type { PackUnit, RangeUnit, SendReport, Unit } from "../streams/unit.ts";

/** Whom the scheduler tells. */
export interface SchedulerHost {
  /** To the receiver, over the control channel. */
  send(message: Message): void;
  /** A path that did not arrive. What failed on the receiver is known there already. */
  failed(failure: Failure, side: "sender" | "receiver"): void;
  note(message: string): void;
  /** The counts have changed. */
  changed(): void;
}

/** Sizes that shape the units. */
export interface SchedulerOptions {
  streams: number;
  blockBytes: number;
}

const MAX_UNIT_BYTES = 32 << 20;
const MIN_UNIT_BYTES = 4 << 20;
/** Announced files that are not finished. */
const MAX_OPEN_FILES = 48;

interface RangedFile {
  file: number;
  item: Extract<WalkItem, { type: "ranged" }>;
  state: "announced" | "open" | "closing";
  /** Ranges that no stream has taken yet. */
  todo: ByteRange[];
  unitBytes: number;
  sums: RangeSums;
  /** Units of it that streams have. */
  out: number;
  failure?: Failure;
  /** Who failed. */
  spoiler?: "sender" | "receiver";
  /** The user has been told that it changes. */
  noted?: boolean;
}

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
  readonly #ready: Unit[] = [];
  readonly #files = new Map<number, RangedFile>();
  /** Files with ranges that no stream has taken. */
  readonly #queue: RangedFile[] = [];
  readonly #out = new Map<number, { unit: Unit; stream: number }>();
  readonly #broken = new Set<number>();
  readonly #early: WalkItem[] = [];
  #links: Extract<WalkItem, { type: "pack" }>[] = [];
  #nextUnit = 0;
  #nextFile = 0;
  readonly #changes = new Changes();
  #walking: Promise<void> | undefined;
  #closed = false;

  constructor(walk: Walk, host: SchedulerHost, options: SchedulerOptions) {
    this.#walk = walk;
    this.#host = host;
    this.#options = options;
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
      const unit = this.#ready.shift() ?? this.#nextRange();
      if (unit) {
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
      this.#out.size === 0 && this.#files.size === 0;
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
    } else {
      const file = this.#files.get(report.file);
      if (file) this.#rangeDone(file, report);
    }
    this.#wake();
  }

  /** A stream is no more: what it had goes to others. */
  streamBroke(stream: number): void {
    this.#broken.add(stream);
    for (const [number, { unit, stream: owner }] of this.#out) {
      if (owner !== stream) continue;
      this.#out.delete(number);
      this.#takeBack(unit);
    }
    this.#wake();
  }

  /** The receiver has made room for a ranged file. */
  opened(number: number, missing: ByteRange[], sequential: boolean): void {
    const file = this.#files.get(number);
    if (!file || file.state !== "announced") return;
    checkRanges(missing, file.item.size);
    file.state = "open";
    file.todo = missing;
    if (sequential) file.unitBytes = Infinity;
    this.#queue.push(file);
    this.#wake();
  }

  /** The receiver has given a ranged file its final name. */
  closed(number: number, bytes: number, crc32: number): void {
    const file = this.#files.get(number);
    if (!file || file.state !== "closing") return;
    this.#files.delete(number);
    if (bytes !== file.item.size || crc32 !== file.sums.total(bytes)) {
      this.#fail(differs(file.item.path), "sender");
    } else {
      this.done.files++;
      this.done.bytes += bytes;
    }
    this.#wake();
  }

  /** The receiver could not open, write or finish a ranged file. */
  refused(number: number, failure: Failure): void {
    const file = this.#files.get(number);
    if (!file) return;
    this.#spoil(file, failure, "receiver");
    this.#giveUp(file);
    this.#wake();
  }

  /** Lets go of the walk, and of streams that wait. */
  close(): void {
    this.#closed = true;
    this.#walk.close();
    this.#wake();
  }

  #mayWalk(): boolean {
    if (this.#links.length > 0 && this.found.complete && this.#early.length === 0) {
      return this.#out.size === 0 && this.#files.size === 0;
    }
    return (this.#early.length > 0 || !this.found.complete) && this.#files.size < MAX_OPEN_FILES;
  }

  /** One item of the walk; streams that ask at the same time wait for the same step. */
  async #step(): Promise<void> {
    this.#walking ??= (async () => {
      const item = this.#early.shift() ?? await this.#pull();
      if (item) this.#plan(item);
      else if (this.#links.length > 0) {
        for (const links of this.#links.splice(0)) this.#ready.push(this.#packUnit(links));
      }
      this.#wake();
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
        else this.#ready.push(this.#packUnit(item));
        break;
      case "ranged":
        this.#announce(item);
        break;
      case "failed":
        this.#fail(toFailure(item.error), "sender");
        break;
      case "note":
        this.#host.note(`${quotePath(item.path)}: ${item.message}`);
        break;
    }
  }

  #packUnit(item: Extract<WalkItem, { type: "pack" }>): PackUnit {
    return { type: "pack", unit: this.#nextUnit++, plan: item.plan, records: item.records };
  }

  #announce(item: Extract<WalkItem, { type: "ranged" }>): void {
    const { size, root, attributes } = item;
    const { blockBytes, streams } = this.#options;
    const share = Math.ceil(size / (streams * 4) / blockBytes) * blockBytes;
    const file: RangedFile = {
      file: this.#nextFile++,
      item,
      state: "announced",
      todo: [],
      unitBytes: Math.min(MAX_UNIT_BYTES, Math.max(MIN_UNIT_BYTES, share)),
      sums: new RangeSums(),
      out: 0,
    };
    this.#files.set(file.file, file);
    const path = item.path as Extract<Message, { type: "open" }>["path"];
    if (root > MAX_ROOTS) throw new Error(`root ${root} is out of range`);
    this.#host.send({ type: "open", file: file.file, root, path, size, attributes });
  }

  #nextRange(): RangeUnit | undefined {
    for (let file = this.#queue[0]; file; file = this.#queue[0]) {
      const range = file.failure ? undefined : file.todo[0];
      if (!range) {
        this.#queue.shift();
        continue;
      }
      const end = Math.min(range.end, range.start + file.unitBytes);
      if (end === range.end) file.todo.shift();
      else file.todo[0] = { start: end, end: range.end };
      file.out++;
      const { root, path, size, identity } = file.item;
      const unit = this.#nextUnit++;
      return { type: "range", unit, file: file.file, root, path, start: range.start, end, size, identity };
    }
    return undefined;
  }

  #rangeDone(file: RangedFile, report: Extract<SendReport, { type: "range" }>): void {
    file.out--;
    if (report.note && !file.noted) {
      file.noted = true;
      this.#host.note(report.note);
    }
    if (report.failure) this.#spoil(file, report.failure, report.refused ? "receiver" : "sender");
    else file.sums.add(report);
    if (file.failure) {
      this.#giveUp(file);
      return;
    }
    const crc32 = file.sums.total(file.item.size);
    if (file.state !== "open" || crc32 === undefined) return;
    file.state = "closing";
    this.#host.send({ type: "close", file: file.file, crc32 });
  }

  /** Drops a file when no stream has a part of it any more. */
  #giveUp(file: RangedFile): void {
    file.todo = [];
    if (file.out > 0 || !file.failure || !this.#files.delete(file.file)) return;
    this.#host.send({ type: "drop", file: file.file });
    this.#fail(file.failure, file.spoiler!);
  }

  /** The first failure of a file is the one that is told. */
  #spoil(file: RangedFile, failure: Failure, side: "sender" | "receiver"): void {
    file.failure ??= failure;
    file.spoiler ??= side;
  }

  #takeBack(unit: Unit): void {
    if (unit.type === "pack") {
      this.#ready.push(unit);
      return;
    }
    const file = this.#files.get(unit.file);
    if (!file) return;
    file.out--;
    file.todo.unshift({ start: unit.start, end: unit.end });
    if (file.failure) this.#giveUp(file);
    else if (!this.#queue.includes(file)) this.#queue.push(file);
  }

  #fail(failure: Failure, side: "sender" | "receiver"): void {
    this.failed++;
    this.#host.failed(failure, side);
  }

  #wake(): void {
    this.#host.changed();
    this.#changes.announce();
  }
}

/** Ranges from the peer: in order, none empty, none overlapping, none beyond the file. */
function checkRanges(ranges: ByteRange[], size: number): void {
  let at = 0;
  for (const { start, end } of ranges) {
    if (start < at || end <= start || end > size) {
      throw new ProtocolError("bad-message", "Cannot accept the ranges that the other side asks for");
    }
    at = end;
  }
}

function differs(path: string): Failure {
  return {
    code: "ECHECKSUM",
    path,
    message: `Cannot confirm ${JSON.stringify(path)}: the other side reports another size or CRC-32`,
    hint: "Copy it again; if it stays so, test the memory of both machines",
  };
}
