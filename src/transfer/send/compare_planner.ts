/**
 * Asks the receiver what it has before anything is sent: what the walk finds goes through here in an update or a dry
 * run, and only what is needed comes out. Asked in batches: packs as they are, large files gathered into packs.
 */

import { type Pack, PackBuilder } from "../../files/walk/pack_builder.ts";
import { FileStat } from "../../files/stat/file_stat.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { ComparePhase, CompareResult, type Comparison } from "../../protocol/data/compare.ts";
import type { PlannedEntry } from "../../protocol/control/messages.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import { combineCrc32 } from "../../protocol/crc32.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { ComparedRange, CompareUnit, RangedItem } from "../../streams/unit.ts";
import { selectDigests } from "./sent_contents.ts";
import { shownPath } from "./source_names.ts";

/** Whom the questions tell what came of them. */
export interface ComparePlannerHost {
  /** Names of the roots, for paths that users see. */
  rootName(root: number): string;
  /** Gives the question to a stream. @returns the number of its unit. */
  ask(question: Omit<CompareUnit, "type" | "unit" | "attempt">): number;
  /** These have to be sent. */
  send(pack: SelectedRecords): void;
  /** This is there already. `isFile`: not for links, which the walk does not count. */
  skipped(bytes: number, isFile: boolean): void;
  /** Receives the entries that are there already. */
  known?: KnownHost;
  /** This cannot be written; the receiver knows. */
  failed(failure: Failure): void;
  /** In a dry run, instead of sending. */
  planned(entry: PlannedEntry): void;
}

/** Receives the entries that are there already. */
export interface KnownHost {
  /** @param same 1 for each record other than `enter` that is there. */
  pack(plan: Uint8Array<ArrayBuffer>, same: Uint8Array): void;
  ranged(item: RangedItem): void;
}

/** Large files that one ask gathers. */
const GATHERED_FILES = 256;
/** An ask is sent at the latest when its files have so many bytes together: sending need not wait for more of them. */
const GATHERED_BYTES = 1 << 30;
/** Of their paths and extended attributes: an ask is one frame. */
const GATHERED_LENGTH = 64 << 10;
/** Bytes of a large file that are compared in one go: both ends compute one digest while the other is under way. */
const DIGEST_RANGE_BYTES = 32 << 20;
/** Large files that are needed and wait, or are being compared, before the walk goes on. */
const MAX_WAITING = 512;

/** A large file, and what was sent of it, in order and without gaps, where that is known. */
interface GatheredFile {
  item: RangedItem;
  sent?: readonly SummedRange[];
}

/** A large file that only contents can tell. */
interface ComparedFile extends GatheredFile {
  plan: SelectedRecords;
  /** Where the next range begins. */
  next: number;
  /** Which range of `sent` begins there. */
  nextSent: number;
  /** Ranges whose answer is awaited. */
  out: number;
  different: boolean;
}

/** What an ask was about, where it is not just its plan. */
type Subject = { items: GatheredFile[] } | { file: ComparedFile } | { digests: Uint8Array };

/** All of them in one transfer. */
export class ComparePlanner {
  readonly #host: ComparePlannerHost;
  readonly #options: Pick<Comparison, "dryRun">;
  readonly #asked = new Map<number, Subject | undefined>();
  readonly #gathered: GatheredFile[] = [];
  #gatheredBytes = 0;
  #gatheredLength = 0;
  /** With ranges that are not asked about yet. */
  readonly #compared: ComparedFile[] = [];
  readonly #needed: RangedItem[] = [];

  constructor(host: ComparePlannerHost, options: Pick<Comparison, "dryRun">) {
    this.#host = host;
    this.#options = options;
  }

  /** Whether nothing is asked, or waits to be asked or sent. */
  get idle(): boolean {
    return this.#asked.size === 0 && this.#gathered.length === 0 && this.#compared.length === 0 &&
      this.#needed.length === 0;
  }

  /** Whether the walk may go on. */
  get hasRoom(): boolean {
    return this.#needed.length + this.#compared.length < MAX_WAITING;
  }

  /** Asks about a pack. @param digests SHA-256 of what was sent of each record, where that is known. */
  addPack({ plan, records }: SelectedRecords, digests?: Uint8Array): void {
    this.#ask({ phase: ComparePhase.stat, plan, records }, digests && { digests });
  }

  /** Asks about a large file together with others. @param sent what was sent of it, in order, where that is known. */
  addRanged(item: RangedItem, sent?: readonly SummedRange[]): void {
    this.#gathered.push({ item, sent });
    this.#gatheredBytes += item.size;
    this.#gatheredLength += item.path.length + (item.xattrs?.length ?? 0);
    const isFull = this.#gathered.length >= GATHERED_FILES || this.#gatheredBytes >= GATHERED_BYTES ||
      this.#gatheredLength >= GATHERED_LENGTH;
    if (isFull) this.flush();
  }

  /** The walk has come to its end: asks about the large files that are left. @returns whether there were any. */
  flush(): boolean {
    if (this.#gathered.length === 0) return false;
    const items = this.#gathered.splice(0);
    this.#gatheredBytes = this.#gatheredLength = 0;
    this.#ask({ phase: ComparePhase.stat, ...planOf(items.map(({ item }) => item)) }, { items });
    return true;
  }

  /** A large file has to be sent though it is there. */
  send(item: RangedItem): void {
    this.#needed.push(item);
  }

  /** Takes a large file that has to be sent, when there is room for it. */
  takeNeeded(): RangedItem | undefined {
    return this.#needed.shift();
  }

  /** Asks about the next range of a large file. @returns whether there was one. */
  askRange(): boolean {
    const file = this.#compared[0];
    if (!file) return false;
    const { item: { root, path, size, identity, times }, plan } = file;
    const range: ComparedRange = { root, path, size, identity, times, ...takeRange(file) };
    file.out++;
    if (range.end === size) this.#compared.shift();
    this.#ask({ phase: ComparePhase.digest, ...plan, range }, { file });
    return true;
  }

  /** The answer has come. */
  answered(unit: CompareUnit, outcomes: (number | Failure)[]): void {
    const subject = this.#asked.get(unit.unit);
    this.#asked.delete(unit.unit);
    if (subject && "file" in subject) this.#rangeAnswered(subject.file, unit, outcomes[0]);
    else if (subject && "items" in subject) {
      subject.items.forEach((file, index) => this.#itemAnswered(file, outcomes[index]));
    } else this.#packAnswered(unit.plan, outcomes, subject?.digests);
  }

  #ask(question: Omit<CompareUnit, "type" | "unit" | "attempt">, subject?: Subject): void {
    this.#asked.set(this.#host.ask(question), subject);
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
          this.#plan(cursor.root, path, bytes, isDirectory ? undefined : outcome);
        }
      }
      index++;
    }
    host.known?.pack(plan, same);
    if (undecided.includes(1)) {
      const sent = digests && selectDigests(digests, undecided);
      this.#ask({ phase: ComparePhase.digest, ...selectRecords(plan, undecided), sent });
    }
    if (!dryRun && needed.includes(1)) host.send(selectRecords(plan, needed));
  }

  #itemAnswered({ item, sent }: GatheredFile, outcome: number | Failure): void {
    if (typeof outcome !== "number") this.#host.failed(outcome);
    else if (outcome === CompareResult.same) this.#same(item);
    else if (outcome !== CompareResult.undecided) this.#need(item, outcome);
    else this.#compared.push({ item, sent, plan: planOf([item]), next: 0, nextSent: 0, out: 0, different: false });
  }

  #rangeAnswered(file: ComparedFile, unit: CompareUnit, outcome: number | Failure): void {
    file.out--;
    if (typeof outcome !== "number") {
      // The file stays as it is, and so do the other ranges of it that are under way.
      if (!file.different) this.#host.failed(outcome);
      file.different = true;
      this.#stopComparing(file);
      return;
    }
    const { item, plan } = file;
    const { size } = item;
    if (unit.phase === ComparePhase.finalize) {
      if (outcome === CompareResult.same) this.#same(item);
      else this.#need(item, outcome);
    } else if (outcome !== CompareResult.same) {
      if (!file.different) this.#need(item, outcome);
      file.different = true;
      this.#stopComparing(file);
    } else if (!file.different && file.out === 0 && file.next === size) {
      // One range that is the whole file has settled it.
      if (unit.range!.start === 0 && unit.range!.end === size) this.#same(item);
      else {
        file.out++;
        this.#ask({ phase: ComparePhase.finalize, ...plan }, { file });
      }
    }
  }

  #stopComparing(file: ComparedFile): void {
    const at = this.#compared.indexOf(file);
    if (at >= 0) this.#compared.splice(at, 1);
  }

  #same(item: RangedItem): void {
    this.#host.skipped(item.size, true);
    this.#host.known?.ranged(item);
    if (this.#options.dryRun) this.#plan(item.root, item.path, item.size, CompareResult.same);
  }

  #need(item: RangedItem, verdict: number): void {
    if (this.#options.dryRun) this.#plan(item.root, item.path, item.size, verdict);
    else this.#needed.push(item);
  }

  /** @param verdict undefined for a directory that is missing. */
  #plan(root: number, path: string, bytes: number, verdict: number | undefined): void {
    const name = this.#host.rootName(root);
    const shown = path === "" || path === "/" ? name + path : shownPath(name, path);
    const action = verdict === undefined
      ? "create"
      : verdict === CompareResult.same
      ? "skip"
      : verdict === CompareResult.missing
      ? "send"
      : "replace";
    this.#host.planned({ action, path: shown, bytes });
  }
}

/** Takes the next range of a file. If it is known what was sent, the range ends at the end of a range that was sent. */
function takeRange(file: ComparedFile): Pick<ComparedRange, "start" | "end" | "crc32"> {
  const { item: { size }, sent, next: start } = file;
  let end = start;
  let crc32: number | undefined;
  if (!sent) end = Math.min(size, start + DIGEST_RANGE_BYTES);
  else {
    crc32 = 0;
    for (let range = sent[file.nextSent]; range; range = sent[++file.nextSent]) {
      if (end > start && range.end - start > DIGEST_RANGE_BYTES) break;
      crc32 = combineCrc32(crc32, range.crc32, range.end - range.start);
      end = range.end;
    }
  }
  file.next = end;
  return { start, end, crc32 };
}

/** Records of large files, which a pack could not hold with their contents. */
function planOf(items: RangedItem[]): Pick<Pack, "plan" | "records"> {
  const builder = new PackBuilder();
  let directory: string | undefined;
  for (const { root, path, size, attributes, identity: { inode }, times, xattrs } of items) {
    const at = path.lastIndexOf("/");
    const above = path.slice(0, Math.max(0, at));
    if (directory !== `${root}/${above}`) builder.enter(root, encodeName(above));
    directory = `${root}/${above}`;
    const name = encodeName(path.slice(at + 1));
    builder.addFile(name, 0, name.length, Object.assign(new FileStat(), attributes, times, { size, inode }), xattrs);
  }
  const { plan, records } = builder.take()!;
  return { plan, records };
}
