/**
 * Asks the receiver what it has before anything is sent: what the walk finds goes through here in an update or a dry
 * run, and only what is needed comes out. Asked in batches: packs as they are, large files gathered into packs.
 */

import { type Pack, PackBuilder } from "../files/pack_builder.ts";
import { FileStat } from "../files/file_stat.ts";
import { joinPath } from "../files/local_path.ts";
import { AskPhase, type Comparison, Verdict } from "../protocol/ask.ts";
import type { PlannedEntry } from "../protocol/messages.ts";
import { decodeName, encodeName } from "../protocol/names.ts";
import { RecordCursor, RecordType } from "../protocol/records.ts";
import type { Failure } from "../protocol/results.ts";
import { type SelectedRecords, selectRecords } from "../protocol/select_records.ts";
import type { AskedRange, AskUnit } from "../streams/unit.ts";
import type { RangedItem } from "./ranged_files.ts";
import { shownPath } from "./shown_path.ts";
import { forEachFile } from "./written_files.ts";

/** Whom the questions tell what came of them. */
export interface QuestionsHost {
  /** Names of the roots, for paths that users see. */
  rootName(root: number): string;
  /** Gives the question to a stream. @returns the number of its unit. */
  ask(question: Omit<AskUnit, "type" | "unit" | "attempt">): number;
  /** These have to be sent. */
  send(pack: SelectedRecords): void;
  /** This is there already. `isFile`: not for links, which the walk does not count. */
  skipped(bytes: number, isFile: boolean): void;
  /** Hears which files are there already, where that has to be known; relative to their root. */
  known?: (root: number, path: string) => void;
  /** This cannot be written; the receiver knows. */
  failed(failure: Failure): void;
  /** In a dry run, instead of sending. */
  planned(entry: PlannedEntry): void;
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

/** A large file that only contents can tell. */
interface ComparedFile {
  item: RangedItem;
  plan: SelectedRecords;
  /** Where the next range begins. */
  next: number;
  /** Ranges whose answer is awaited. */
  out: number;
  different: boolean;
}

/** What an ask was about, where it is not just its plan. */
type Subject = { items: RangedItem[] } | { file: ComparedFile };

/** All of them in one transfer. */
export class TargetQuestions {
  readonly #host: QuestionsHost;
  readonly #options: Pick<Comparison, "dryRun">;
  readonly #asked = new Map<number, Subject | undefined>();
  readonly #gathered: RangedItem[] = [];
  #gatheredBytes = 0;
  #gatheredLength = 0;
  /** With ranges that are not asked about yet. */
  readonly #compared: ComparedFile[] = [];
  readonly #needed: RangedItem[] = [];

  constructor(host: QuestionsHost, options: Pick<Comparison, "dryRun">) {
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

  /** Asks about a pack. */
  addPack({ plan, records }: SelectedRecords): void {
    this.#ask({ phase: AskPhase.look, plan, records });
  }

  /** Asks about a large file together with others. */
  addRanged(item: RangedItem): void {
    this.#gathered.push(item);
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
    this.#ask({ phase: AskPhase.look, ...planOf(items) }, { items });
    return true;
  }

  /** Takes a large file that has to be sent, when there is room for it. */
  takeNeeded(): RangedItem | undefined {
    return this.#needed.shift();
  }

  /** Asks about the next range of a large file. @returns whether there was one. */
  askRange(): boolean {
    const file = this.#compared[0];
    if (!file) return false;
    const { item: { root, path, size, identity }, plan } = file;
    const start = file.next;
    const end = Math.min(size, start + DIGEST_RANGE_BYTES);
    file.next = end;
    file.out++;
    if (end === size) this.#compared.shift();
    const range: AskedRange = { root, path, size, identity, start, end };
    this.#ask({ phase: AskPhase.digest, ...plan, range }, { file });
    return true;
  }

  /** The answer has come. */
  answered(unit: AskUnit, outcomes: (number | Failure)[]): void {
    const subject = this.#asked.get(unit.unit);
    this.#asked.delete(unit.unit);
    if (subject && "file" in subject) this.#rangeAnswered(subject.file, unit, outcomes[0]);
    else if (subject) subject.items.forEach((item, index) => this.#itemAnswered(item, outcomes[index]));
    else this.#packAnswered(unit.plan, outcomes);
  }

  #ask(question: Omit<AskUnit, "type" | "unit" | "attempt">, subject?: Subject): void {
    this.#asked.set(this.#host.ask(question), subject);
  }

  #packAnswered(plan: Uint8Array<ArrayBuffer>, outcomes: (number | Failure)[]): void {
    const host = this.#host;
    const { dryRun } = this.#options;
    const needed = new Uint8Array(outcomes.length);
    const undecided = new Uint8Array(outcomes.length);
    const same = new Uint8Array(outcomes.length);
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    let folder = "";
    for (let index = 0; cursor.next();) {
      const isFolder = cursor.type === RecordType.enter || cursor.type === RecordType.folder;
      const name = dryRun ? decodeName(plan.subarray(cursor.nameStart, cursor.nameEnd)) : "";
      if (isFolder) folder = name;
      if (cursor.type === RecordType.enter) continue;
      const outcome = outcomes[index];
      const isFile = cursor.type === RecordType.file;
      const bytes = isFile ? cursor.size : 0;
      if (typeof outcome !== "number") host.failed(outcome);
      else if (outcome === Verdict.undecided && isFile) undecided[index] = 1;
      else {
        if (outcome === Verdict.same && !isFolder) host.skipped(bytes, isFile);
        if (outcome === Verdict.same) same[index] = 1;
        else needed[index] = 1;
        if (dryRun && !(isFolder && outcome === Verdict.same)) {
          const path = isFolder ? `${folder}/` : joinPath(folder, name);
          this.#plan(cursor.root, path, bytes, isFolder ? undefined : outcome);
        }
      }
      index++;
    }
    if (host.known) forEachFile({ plan }, same, host.known);
    if (undecided.includes(1)) this.#ask({ phase: AskPhase.digest, ...selectRecords(plan, undecided) });
    if (!dryRun && needed.includes(1)) host.send(selectRecords(plan, needed));
  }

  #itemAnswered(item: RangedItem, outcome: number | Failure): void {
    if (typeof outcome !== "number") this.#host.failed(outcome);
    else if (outcome === Verdict.same) this.#same(item);
    else if (outcome !== Verdict.undecided) this.#need(item, outcome);
    else this.#compared.push({ item, plan: planOf([item]), next: 0, out: 0, different: false });
  }

  #rangeAnswered(file: ComparedFile, unit: AskUnit, outcome: number | Failure): void {
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
    if (unit.phase === AskPhase.settle) {
      if (outcome === Verdict.same) this.#same(item);
      else this.#need(item, outcome);
    } else if (outcome !== Verdict.same) {
      if (!file.different) this.#need(item, outcome);
      file.different = true;
      this.#stopComparing(file);
    } else if (!file.different && file.out === 0 && file.next === size) {
      // One range that is the whole file has settled it.
      if (unit.range!.start === 0 && unit.range!.end === size) this.#same(item);
      else {
        file.out++;
        this.#ask({ phase: AskPhase.settle, ...plan }, { file });
      }
    }
  }

  #stopComparing(file: ComparedFile): void {
    const at = this.#compared.indexOf(file);
    if (at >= 0) this.#compared.splice(at, 1);
  }

  #same(item: RangedItem): void {
    this.#host.skipped(item.size, true);
    this.#host.known?.(item.root, item.path);
    if (this.#options.dryRun) this.#plan(item.root, item.path, item.size, Verdict.same);
  }

  #need(item: RangedItem, verdict: number): void {
    if (this.#options.dryRun) this.#plan(item.root, item.path, item.size, verdict);
    else this.#needed.push(item);
  }

  /** @param verdict undefined for a folder that is missing. */
  #plan(root: number, path: string, bytes: number, verdict: number | undefined): void {
    const name = this.#host.rootName(root);
    const shown = path === "" || path === "/" ? name + path : shownPath(name, path);
    const action = verdict === undefined
      ? "create"
      : verdict === Verdict.same
      ? "skip"
      : verdict === Verdict.missing
      ? "send"
      : "replace";
    this.#host.planned({ action, path: shown, bytes });
  }
}

/** Records of large files, which a pack could not hold with their contents. */
function planOf(items: RangedItem[]): Pick<Pack, "plan" | "records"> {
  const builder = new PackBuilder();
  let folder: string | undefined;
  for (const { root, path, size, attributes, identity: { inode }, times, xattrs } of items) {
    const at = path.lastIndexOf("/");
    const above = path.slice(0, Math.max(0, at));
    if (folder !== `${root}/${above}`) builder.enter(root, encodeName(above));
    folder = `${root}/${above}`;
    const name = encodeName(path.slice(at + 1));
    builder.addFile(name, 0, name.length, Object.assign(new FileStat(), attributes, times, { size, inode }), xattrs);
  }
  const { plan, records } = builder.take()!;
  return { plan, records };
}
