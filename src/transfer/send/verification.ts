/**
 * Asks about each file and link that was written: both sides read it again. If they differ, it is sent and asked about
 * once more; if they still differ, it fails. A wrong target loses its name; a target whose source changed keeps it.
 */

import { CompareResult } from "../../protocol/data/compare.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import {
  type CompareReport,
  type CompareUnit,
  type FilePlace,
  type PackUnit,
  type RangedItem,
  type SentContents,
  SourceState,
} from "../../streams/unit.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import type { LostFiles } from "./lost_files.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";
import { forEachFile, planAsSent, selectDigests } from "./sent_contents.ts";
import { shownPath } from "./source_names.ts";
import { ComparePlanner } from "./compare_planner.ts";
import { sentAgain, unverified } from "../unverified.ts";

/** Whom the verification tells what came of it. */
export interface VerificationHost {
  /** Names of the roots, for paths that users see. */
  rootName(root: number): string;
  /** Hears what was found wrong, and right since. */
  lost: LostFiles;
  /** Gives the question to a stream. @returns the number of its unit. */
  ask(question: Omit<CompareUnit, "type" | "unit" | "attempt" | "verify">): number;
  /** To be sent once more. @returns the number of its unit. */
  send(pack: SelectedRecords): number;
  sendRanged(item: RangedItem): void;
  /** Receives the verified files. */
  listing?: CopyListing;
  failed(failure: Failure): void;
  note(message: string): void;
}

/** What was found of a source that is not what was sent. */
interface WrongSource {
  /** One of `SourceState`, but not `asSent`. */
  state: number;
  /** A large file as it is now. */
  now?: CompareReport["now"];
}

/** See above. */
export class Verification {
  /** Files and links that are what they should be. */
  verified = 0;
  readonly #host: VerificationHost;
  readonly #first: ComparePlanner;
  readonly #second: ComparePlanner;
  /** Units that ask for the second time. */
  readonly #secondAsks = new Set<number>();
  /** What is sent for the second time. */
  readonly #againPacks = new Set<number>();
  readonly #againRanged = new Set<RangedItem>();
  /** By root and path: of the first questions, and of the second ones. */
  readonly #wrongFirst = new Map<string, WrongSource>();
  readonly #wrongSecond = new Map<string, WrongSource>();

  constructor(host: VerificationHost) {
    this.#host = host;
    const right = (root: number, path: string) => {
      host.lost.delete(root, path);
      host.listing?.copied(root, path);
    };
    const shared = {
      rootName: host.rootName,
      known: {
        pack: (plan: Uint8Array<ArrayBuffer>, same: Uint8Array) => forEachFile({ plan }, same, right),
        ranged: ({ root, path }: RangedItem) => right(root, path),
      },
      skipped: () => {
        this.verified++;
      },
      failed: (failure: Failure) => host.failed(failure),
      planned() {},
    };
    const byContents = { by: "contents", dryRun: false } as const;
    this.#first = new ComparePlanner({
      ...shared,
      ask: (question) => host.ask(question),
      send: (pack) => {
        this.#forEachWrong(pack, this.#wrongFirst, (path, wrong) => host.note(sentAgain(path, wrong?.state)));
        this.#againPacks.add(host.send(pack));
      },
    }, byContents);
    this.#second = new ComparePlanner({
      ...shared,
      ask: (question) => {
        const unit = host.ask({ ...question, last: true });
        this.#secondAsks.add(unit);
        return unit;
      },
      send: (pack) =>
        this.#forEachWrong(pack, this.#wrongSecond, (path, wrong) => host.failed(unverified(path, wrong?.state))),
    }, byContents);
  }

  /** Whether nothing is asked, or waits to be asked or sent. */
  get idle(): boolean {
    return this.#first.idle && this.#second.idle;
  }

  /** A pack was written. @param inPlace 1 for each record other than `enter` of which that is so. */
  packWritten(pack: PackUnit, inPlace: Uint8Array, contents: SentContents | undefined): void {
    const isAgain = this.#againPacks.delete(pack.unit);
    const written = selectRecords(contents ? planAsSent(pack, contents) : pack.plan, inPlace);
    if (written.records === 0) return;
    const digests = contents && selectDigests(contents.digests, inPlace);
    (isAgain ? this.#second : this.#first).addPack(written, digests);
  }

  /** A large file was written. @param sent what was sent of it, in order; undefined where the system copied it. */
  rangedWritten(item: RangedItem, sent?: readonly SummedRange[]): void {
    (this.#againRanged.delete(item) ? this.#second : this.#first).addRanged(item, sent);
  }

  /** The answer has come. */
  answered(unit: CompareUnit, { outcomes, sources, now }: CompareReport): void {
    const isSecond = this.#secondAsks.delete(unit.unit);
    const isWrong = outcomes.map((outcome) =>
      outcome === CompareResult.same || outcome === CompareResult.undecided ? 0 : 1
    );
    const told = [...outcomes];
    if (isWrong.includes(1)) {
      forEachFile(unit, Uint8Array.from(isWrong), (root, path) => this.#host.lost.add(root, path));
      forEachEntry(unit.plan, ({ root }, index, path) => {
        const state = sources?.[index] ?? SourceState.asSent;
        if (isWrong[index] === 0 || state === SourceState.asSent) return;
        const place = { root, path: path() };
        (isSecond ? this.#wrongSecond : this.#wrongFirst).set(keyOf(place), { state, now });
        // The receiver knows nothing of the source.
        if (typeof told[index] !== "number") told[index] = unverified(this.#pathOf(place), state);
      });
    }
    (isSecond ? this.#second : this.#first).answered(unit, told);
  }

  /**
   * Takes on what the answers have brought up.
   *
   * @param hasRoom whether one more large file may be announced.
   * @param flush whether the walk is over: what was gathered is asked about.
   * @returns whether there was anything.
   */
  step({ hasRoom, flush }: { hasRoom: boolean; flush: boolean }): boolean {
    const failed = this.#second.takeNeeded();
    if (failed) this.#host.failed(unverified(this.#pathOf(failed), take(this.#wrongSecond, failed)?.state));
    const again = hasRoom ? this.#first.takeNeeded() : undefined;
    if (again) {
      const wrong = take(this.#wrongFirst, again);
      // A source that changed is sent as it is now.
      const item = { ...again, ...wrong?.now };
      this.#againRanged.add(item);
      this.#host.note(sentAgain(this.#pathOf(again), wrong?.state));
      this.#host.sendRanged(item);
    }
    if (failed || again) return true;
    return [this.#second, this.#first].some((questions) => questions.askRange() || (flush && questions.flush()));
  }

  #forEachWrong(
    { plan }: SelectedRecords,
    wrong: Map<string, WrongSource>,
    tell: (path: string, wrong: WrongSource | undefined) => void,
  ): void {
    forEachEntry(plan, ({ root }, _, path) => {
      const place = { root, path: path() };
      tell(this.#pathOf(place), take(wrong, place));
    });
  }

  #pathOf({ root, path }: FilePlace): string {
    return shownPath(this.#host.rootName(root), path);
  }
}

function take(wrong: Map<string, WrongSource>, place: FilePlace): WrongSource | undefined {
  const key = keyOf(place);
  const found = wrong.get(key);
  wrong.delete(key);
  return found;
}

function keyOf({ root, path }: FilePlace): string {
  return `${root}/${path}`;
}
