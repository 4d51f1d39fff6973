/**
 * Lets the receiver compare entries before they are sent, so that only the needed ones are sent. Compare units are
 * batches: packs as the walk makes them, and large files gathered into packs.
 */

import { joinPath } from "../../files/path/local_path.ts";
import { ComparePhase, CompareResult, type Comparison } from "../../protocol/data/compare.ts";
import type { PlannedEntry } from "../../protocol/control/messages.ts";
import { decodeName } from "../../protocol/names.ts";
import { RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { ComparedRange, CompareUnit, RangedItem } from "../../streams/unit.ts";
import { type ComparedFile, type GatheredFile, planOf, takeRange } from "./compared_file.ts";
import type { ItemizedChanges } from "./itemized_changes.ts";
import { selectDigests } from "./sent_contents.ts";
import { bytesOf } from "../shard_sums.ts";
import { shownPath } from "./sources/names.ts";

/** Callbacks of a planner. */
export interface ComparePlannerHost {
  /** Returns the name of a root, for messages. */
  rootName(root: number): string;
  /** Adds a compare unit. @returns its number. */
  compare(request: CompareRequest): number;
  /** Sends entries that are needed. */
  send(pack: SelectedRecords): void;
  /** Skips an entry that is the same. @param isFile false for links, which the walk does not count. */
  skipped(bytes: number, isFile: boolean): void;
  /** Reports the changes of entries. Default: they are not reported. */
  items?: ItemizedChanges;
  /** Receives the entries that are the same. */
  known?: KnownHost;
  /** Receives the path of a file that shards may have written, and that is the same. */
  upToDate?(path: string): void;
  /** The receiver cannot write an entry. */
  failed(failure: Failure): void;
  /** An entry is neither sent nor compared, because `stop` was called. Default: `stop` is never called. */
  dropped?(): void;
  /** Reports what a real run would do. */
  planned(entry: PlannedEntry): void;
}

/** Receives the entries that are the same. */
export interface KnownHost {
  /** @param same 1 per record other than `enter` that is the same. */
  pack(plan: Uint8Array<ArrayBuffer>, same: Uint8Array): void;
  large(item: RangedItem): void;
}

/** A large file that has to be sent. */
export interface NeededFile {
  item: RangedItem;
  /** Whether the target exists with other contents. */
  replaces: boolean;
}

/** A compare unit without the fields that the queue sets. */
export type CompareRequest = Omit<CompareUnit, "type" | "unit" | "attempt" | "verify">;

/** Maximum number of large files per compare unit. */
const GATHERED_FILES = 256;
/** Bytes of gathered files above which a compare unit is sent, so that sending does not wait for more files. */
const GATHERED_BYTES = 1 << 30;
/** Maximum length of the paths and extended attributes of a compare unit, because it is one frame. */
const GATHERED_LENGTH = 64 << 10;
/** Maximum number of large files that are needed or being compared. Above it the walk waits. */
const MAX_WAITING = 512;

/** Changes of any entries, if none are reported. */
const NO_CHANGES = new Uint8Array(512);

/** Subject of a compare unit, if it is not a pack alone. */
type Subject = { items: GatheredFile[] } | { file: ComparedFile } | { digests: Uint8Array };

/** The comparisons of one transfer. */
export class ComparePlanner {
  readonly #host: ComparePlannerHost;
  readonly #options: Pick<Comparison, "dryRun">;
  readonly #inProgress = new Map<number, Subject | undefined>();
  readonly #gathered: GatheredFile[] = [];
  #gatheredBytes = 0;
  #gatheredLength = 0;
  /** Files with ranges that are not in a compare unit yet. */
  readonly #compared: ComparedFile[] = [];
  readonly #needed: NeededFile[] = [];
  #stopped = false;

  constructor(host: ComparePlannerHost, options: Pick<Comparison, "dryRun">) {
    this.#host = host;
    this.#options = options;
  }

  /** Whether no comparison is in progress or pending. */
  get idle(): boolean {
    return this.#inProgress.size === 0 && this.#gathered.length === 0 && this.#compared.length === 0 &&
      this.#needed.length === 0;
  }

  /** Whether the walk may continue. */
  get hasRoom(): boolean {
    return this.#needed.length + this.#compared.length < MAX_WAITING;
  }

  /** Compares a pack. @param digests SHA-256 of what was sent of each record, if known. */
  addPack({ plan, records }: SelectedRecords, digests?: Uint8Array): void {
    this.#compare({ phase: ComparePhase.stat, plan, records }, digests && { digests });
  }

  /** Compares a large file together with others. @param sent ranges that were sent, in order, if known. */
  addLarge(item: RangedItem, sent?: readonly SummedRange[]): void {
    this.#gathered.push({ item, sent });
    this.#gatheredBytes += item.size;
    this.#gatheredLength += item.path.length + (item.xattrs?.length ?? 0);
    const isFull = this.#gathered.length >= GATHERED_FILES || this.#gatheredBytes >= GATHERED_BYTES ||
      this.#gatheredLength >= GATHERED_LENGTH;
    if (isFull) this.flush();
  }

  /** Compares the gathered files, at the end of the walk. @returns whether there were any. */
  flush(): boolean {
    if (this.#gathered.length === 0) return false;
    const items = this.#gathered.splice(0);
    this.#gatheredBytes = this.#gatheredLength = 0;
    this.#compare({ phase: ComparePhase.stat, ...planOf(items.map(({ item }) => item)) }, { items });
    return true;
  }

  /** Adds a large file that has to be sent although it is the same. */
  send(item: RangedItem): void {
    if (this.#continues()) this.#needed.push({ item, replaces: false });
  }

  /** Takes a large file that has to be sent. */
  takeNeeded(): NeededFile | undefined {
    return this.#needed.shift();
  }

  /** Compares the next range of a large file. @returns whether there was one. */
  compareRange(): boolean {
    const file = this.#compared[0];
    if (!file) return false;
    const { item: { root, path, size, identity, times }, plan } = file;
    const range: ComparedRange = { root, path, size, identity, times, ...takeRange(file) };
    file.inFlight++;
    if (range.end === size) this.#compared.shift();
    this.#compare({ phase: ComparePhase.digest, ...plan, range }, { file });
    return true;
  }

  /**
   * Drops everything that is needed or has to be compared, now and later. Answers to units in progress count, because the
   * receiver counts them.
   *
   * @param dropped numbers of compare units that no stream has taken.
   * @returns whether anything was dropped now.
   */
  stop(dropped: readonly number[]): boolean {
    this.#stopped = true;
    const lists = [this.#gathered, this.#compared, this.#needed];
    const hasMore = dropped.length > 0 || lists.some((list) => list.length > 0);
    dropped.forEach((unit) => this.#inProgress.delete(unit));
    for (const list of lists) list.length = 0;
    return hasMore;
  }

  /** Handles the answer to a compare unit. */
  answered(unit: CompareUnit, outcomes: (number | Failure)[], changes: Uint8Array = NO_CHANGES): void {
    const subject = this.#inProgress.get(unit.unit);
    this.#inProgress.delete(unit.unit);
    if (subject && "file" in subject) this.#rangeAnswered(subject.file, unit, outcomes[0], changes[0]);
    else if (subject && "items" in subject) {
      subject.items.forEach((file, index) => this.#itemAnswered(file, outcomes[index], changes[index]));
    } else {
      this.#packAnswered(unit.plan, outcomes, subject?.digests);
      this.#host.items?.pack(unit.plan, outcomes, changes);
    }
  }

  #compare(request: CompareRequest, subject?: Subject): void {
    if (this.#continues()) this.#inProgress.set(this.#host.compare(request), subject);
  }

  /** Returns whether an entry may be sent or compared. Reports it as dropped otherwise. */
  #continues(): boolean {
    if (this.#stopped) this.#host.dropped?.();
    return !this.#stopped;
  }

  #packAnswered(plan: Uint8Array<ArrayBuffer>, outcomes: (number | Failure)[], digests?: Uint8Array): void {
    const host = this.#host;
    const { dryRun } = this.#options;
    const needed = new Uint8Array(outcomes.length);
    const undecided = new Uint8Array(outcomes.length);
    const same = new Uint8Array(outcomes.length);
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    let directory = "";
    for (let index = 0; cursor.next();) {
      const isDirectory = cursor.type === RecordType.enter || cursor.type === RecordType.directory;
      const name = dryRun ? decodeName(plan.subarray(cursor.nameStart, cursor.nameEnd)) : "";
      if (isDirectory) directory = name;
      if (cursor.type === RecordType.enter) continue;
      const outcome = outcomes[index];
      const isFile = cursor.type === RecordType.file;
      const bytes = isFile ? cursor.size : 0;
      if (typeof outcome !== "number") host.failed(outcome);
      else if (outcome === CompareResult.undecided && isFile) undecided[index] = 1;
      else {
        if (outcome === CompareResult.same && !isDirectory) host.skipped(bytes, isFile);
        if (outcome === CompareResult.same) same[index] = 1;
        else needed[index] = 1;
        if (dryRun && !(isDirectory && outcome === CompareResult.same)) {
          const path = isDirectory ? `${directory}/` : joinPath(directory, name);
          this.#plan(cursor.root, path, bytes, outcome);
        }
      }
      index++;
    }
    host.known?.pack(plan, same);
    if (undecided.includes(1)) {
      const sent = digests && selectDigests(digests, undecided);
      this.#compare({ phase: ComparePhase.digest, ...selectRecords(plan, undecided), sent });
    }
    if (!dryRun && needed.includes(1) && this.#continues()) host.send(selectRecords(plan, needed));
  }

  #itemAnswered({ item, sent }: GatheredFile, outcome: number | Failure, changes: number): void {
    if (typeof outcome !== "number") this.#host.failed(outcome);
    else if (outcome === CompareResult.same) this.#same(item, changes);
    else if (outcome !== CompareResult.undecided) this.#need(item, outcome, changes);
    else if (this.#continues()) {
      this.#compared.push({ item, sent, plan: planOf([item]), next: 0, nextSent: 0, inFlight: 0, different: false });
    }
  }

  #rangeAnswered(file: ComparedFile, unit: CompareUnit, outcome: number | Failure, changes: number): void {
    file.inFlight--;
    if (typeof outcome !== "number") {
      // The answers to its other ranges do not matter any more.
      if (!file.different) this.#host.failed(outcome);
      file.different = true;
      this.#stopComparing(file);
      return;
    }
    const { item, plan } = file;
    const { size } = item;
    if (unit.phase === ComparePhase.finalize) {
      if (outcome === CompareResult.same) this.#same(item, changes);
      else this.#need(item, outcome, changes);
    } else if (outcome !== CompareResult.same) {
      if (!file.different) this.#need(item, outcome, changes);
      file.different = true;
      this.#stopComparing(file);
    } else if (!file.different && file.inFlight === 0 && file.next === size) {
      // A range that is the whole file has finalized it.
      if (unit.range!.start === 0 && unit.range!.end === size) this.#same(item, changes);
      else {
        file.inFlight++;
        this.#compare({ phase: ComparePhase.finalize, ...plan }, { file });
      }
    }
  }

  #stopComparing(file: ComparedFile): void {
    const at = this.#compared.indexOf(file);
    if (at >= 0) this.#compared.splice(at, 1);
  }

  #same(item: RangedItem, changes: number): void {
    this.#host.items?.large(item, CompareResult.same, changes);
    this.#host.skipped(bytesOf(item), !item.range);
    this.#host.known?.large(item);
    if (item.joined) this.#host.upToDate?.(item.path);
    if (this.#options.dryRun) this.#plan(item.root, item.path, bytesOf(item), CompareResult.same);
  }

  #need(item: RangedItem, result: number, changes: number): void {
    this.#host.items?.large(item, result, changes);
    if (this.#options.dryRun) this.#plan(item.root, item.path, bytesOf(item), result);
    else if (this.#continues()) this.#needed.push({ item, replaces: result === CompareResult.different });
  }

  /** @param path of a directory with a "/" at its end. @param result one of `CompareResult`. */
  #plan(root: number, path: string, bytes: number, result: number | undefined): void {
    const name = this.#host.rootName(root);
    const shown = path === "" || path === "/" ? name + path : shownPath(name, path);
    const added = path.endsWith("/") ? "create" : "send";
    const action = result === CompareResult.same ? "skip" : result === CompareResult.missing ? added : "replace";
    this.#host.planned({ action, path: shown, bytes });
  }
}
