/**
 * Asks about what was just written: both sides read it again. What is not the same is sent once more and asked about
 * once more; what is not the same then has failed, and the receiver takes its name from it.
 */

import { quotePath } from "../errors.ts";
import { Verdict } from "../protocol/ask.ts";
import type { Failure } from "../protocol/results.ts";
import { type SelectedRecords, selectRecords } from "../protocol/select_records.ts";
import type { AskUnit, PackUnit } from "../streams/unit.ts";
import type { LostFiles } from "./lost_files.ts";
import { forEachEntry } from "./plan_entries.ts";
import type { RangedItem } from "./ranged_files.ts";
import { shownPath } from "./shown_path.ts";
import { TargetQuestions } from "./target_questions.ts";
import { forEachFile } from "./written_files.ts";

/** Whom the verification tells what came of it. */
export interface VerificationHost {
  /** Names of the roots, for paths that users see. */
  rootName(root: number): string;
  /** Hears what was found wrong, and right since. */
  lost: LostFiles;
  /** Gives the question to a stream. @returns the number of its unit. */
  ask(question: Omit<AskUnit, "type" | "unit" | "attempt" | "verify">): number;
  /** To be sent once more. @returns the number of its unit. */
  send(pack: SelectedRecords): number;
  sendRanged(item: RangedItem): void;
  /** Hears which files are what they should be, where that has to be known; relative to their root. */
  same?: (root: number, path: string) => void;
  failed(failure: Failure): void;
  note(message: string): void;
}

/** See above. */
export class Verification {
  /** Files and links that are what they should be. */
  verified = 0;
  readonly #host: VerificationHost;
  readonly #first: TargetQuestions;
  readonly #second: TargetQuestions;
  /** Units that ask for the second time. */
  readonly #secondAsks = new Set<number>();
  /** What is sent for the second time. */
  readonly #againPacks = new Set<number>();
  readonly #againRanged = new Set<RangedItem>();

  constructor(host: VerificationHost) {
    this.#host = host;
    const shared = {
      rootName: host.rootName,
      known: (root: number, path: string) => {
        host.lost.delete(root, path);
        host.same?.(root, path);
      },
      skipped: () => {
        this.verified++;
      },
      failed: (failure: Failure) => host.failed(failure),
      planned() {},
    };
    const byContents = { by: "contents", dryRun: false } as const;
    this.#first = new TargetQuestions({
      ...shared,
      ask: (question) => host.ask(question),
      send: (pack) => {
        this.#forEachPath(pack, (path) => host.note(differsNow(path)));
        this.#againPacks.add(host.send(pack));
      },
    }, byContents);
    this.#second = new TargetQuestions({
      ...shared,
      ask: (question) => {
        const unit = host.ask({ ...question, last: true });
        this.#secondAsks.add(unit);
        return unit;
      },
      send: (pack) => this.#forEachPath(pack, (path) => host.failed(unverified(path))),
    }, byContents);
  }

  /** Whether nothing is asked, or waits to be asked or sent. */
  get idle(): boolean {
    return this.#first.idle && this.#second.idle;
  }

  /** A pack was written. @param inPlace 1 for each record other than `enter` of which that is so. */
  packWritten({ unit, plan }: PackUnit, inPlace: Uint8Array): void {
    const isAgain = this.#againPacks.delete(unit);
    const written = selectRecords(plan, inPlace);
    if (written.records > 0) (isAgain ? this.#second : this.#first).addPack(written);
  }

  /** A large file was written. */
  rangedWritten(item: RangedItem): void {
    (this.#againRanged.delete(item) ? this.#second : this.#first).addRanged(item);
  }

  /** The answer has come. */
  answered(unit: AskUnit, outcomes: (number | Failure)[]): void {
    const isWrong = outcomes.map((outcome) => outcome === Verdict.same || outcome === Verdict.undecided ? 0 : 1);
    if (isWrong.includes(1)) {
      forEachFile(unit, Uint8Array.from(isWrong), (root, path) => this.#host.lost.add(root, path));
    }
    (this.#secondAsks.delete(unit.unit) ? this.#second : this.#first).answered(unit, outcomes);
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
    if (failed) this.#host.failed(unverified(this.#pathOf(failed.root, failed.path)));
    const again = hasRoom ? this.#first.takeNeeded() : undefined;
    if (again) {
      this.#againRanged.add(again);
      this.#host.note(differsNow(this.#pathOf(again.root, again.path)));
      this.#host.sendRanged(again);
    }
    if (failed || again) return true;
    return [this.#second, this.#first].some((questions) => questions.askRange() || (flush && questions.flush()));
  }

  #forEachPath({ plan }: SelectedRecords, tell: (path: string) => void): void {
    forEachEntry(plan, ({ root }, _, path) => tell(this.#pathOf(root, path())));
  }

  #pathOf(root: number, path: string): string {
    return shownPath(this.#host.rootName(root), path);
  }
}

function differsNow(path: string): string {
  return `${quotePath(path)} is not what was written when it is read again: it is sent once more`;
}

function unverified(path: string): Failure {
  return {
    code: "ECHECKSUM",
    path,
    message: `Cannot verify ${quotePath(path)}: it is not what was written when it is read again (SHA-256 differs)`,
    hint: "When nobody writes to it, test the disks and the memory of both machines",
  };
}
