/**
 * Verifies each written file and link: both ends read it again. If they differ, it is sent and compared a second time. If
 * they still differ, it fails. A wrong target loses its name; a target whose source changed keeps it.
 */

import { CompareResult } from "../../protocol/data/compare.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import type { TargetPlace } from "../../files/engine/target_place.ts";
import { placeKey } from "../../files/target/name.ts";
import { type CompareReport, type SentContents, SourceState } from "../../streams/report.ts";
import type { CompareUnit, PackUnit, RangedItem } from "../../streams/unit.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import type { ConfirmedHost } from "./confirmed_sources.ts";
import type { LostFiles } from "./lost_files.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";
import { forEachFile, planAsSent, selectDigests } from "./sent_contents.ts";
import { shownPath } from "./sources/names.ts";
import { ComparePlanner, type CompareRequest } from "./compare_planner.ts";
import { sentAgain, unverified } from "../unverified.ts";

/** Callbacks of the verification. */
export interface VerificationHost {
  /** Returns the name of a root, for messages. */
  rootName(root: number): string;
  /** Collects files that are wrong. */
  lost: LostFiles;
  /** Adds a compare unit. @returns its number. */
  compare(request: CompareRequest): number;
  /** Adds a unit that sends files again. @returns its number. */
  send(pack: SelectedRecords): number;
  /** Announces a large file that is sent again. */
  sendLarge(item: RangedItem): void;
  /** Receives the verified files. */
  listing?: CopyListing;
  /** Receives the verified entries. */
  confirmed?: ConfirmedHost;
  failed(failure: Failure): void;
  note(message: string): void;
}

/** A source that does not contain what was sent. */
interface WrongSource {
  /** One of `SourceState`, but not `asSent`. */
  state: number;
  /** A large file as it is now. */
  now?: CompareReport["now"];
}

/** Verification of one transfer. */
export class Verification {
  /** Number of files and links that were verified. */
  verified = 0;
  readonly #host: VerificationHost;
  readonly #first: ComparePlanner;
  readonly #second: ComparePlanner;
  /** Compare units of second attempts. */
  readonly #secondUnits = new Set<number>();
  /** Packs and large files that are sent for the second time. */
  readonly #againPacks = new Set<number>();
  readonly #againLarge = new Set<RangedItem>();
  /** Wrong sources by root and path, of the first and of the second comparison. */
  readonly #wrongFirst = new Map<string, WrongSource>();
  readonly #wrongSecond = new Map<string, WrongSource>();

  constructor(host: VerificationHost) {
    this.#host = host;
    const confirm = (root: number, path: string) => {
      host.lost.delete(root, path);
      host.listing?.copied(root, path);
    };
    const shared = {
      rootName: host.rootName,
      known: {
        pack: (plan: Uint8Array<ArrayBuffer>, same: Uint8Array) => {
          forEachFile({ plan }, same, confirm);
          host.confirmed?.pack(plan, same);
        },
        large: (item: RangedItem) => {
          confirm(item.root, item.path);
          host.confirmed?.large(item);
        },
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
      compare: (request) => host.compare(request),
      send: (pack) => {
        this.#forEachWrong(pack, this.#wrongFirst, (path, wrong) => host.note(sentAgain(path, wrong?.state)));
        this.#againPacks.add(host.send(pack));
      },
    }, byContents);
    this.#second = new ComparePlanner({
      ...shared,
      compare: (request) => {
        const unit = host.compare({ ...request, last: true });
        this.#secondUnits.add(unit);
        return unit;
      },
      send: (pack) =>
        this.#forEachWrong(pack, this.#wrongSecond, (path, wrong) => host.failed(unverified(path, wrong?.state))),
    }, byContents);
  }

  /** Whether no comparison is in progress or pending. */
  get idle(): boolean {
    return this.#first.idle && this.#second.idle;
  }

  /** Whether the pack with this number is sent for the second time. */
  sendsAgain(unit: number): boolean {
    return this.#againPacks.has(unit);
  }

  /** Verifies a pack that was written. @param inPlace 1 per record other than `enter` that is in place. */
  packWritten(pack: PackUnit, inPlace: Uint8Array, contents: SentContents | undefined): void {
    const isAgain = this.#againPacks.delete(pack.unit);
    const written = selectRecords(contents ? planAsSent(pack, contents) : pack.plan, inPlace);
    if (written.records === 0) return;
    const digests = contents && selectDigests(contents.digests, inPlace);
    (isAgain ? this.#second : this.#first).addPack(written, digests);
  }

  /** Verifies a large file. @param sent ranges that were sent, in order; undefined for a local copy. */
  largeWritten(item: RangedItem, sent?: readonly SummedRange[]): void {
    (this.#againLarge.delete(item) ? this.#second : this.#first).addLarge(item, sent);
  }

  /** Handles the answer to a compare unit. */
  answered(unit: CompareUnit, { outcomes, sources, now }: CompareReport): void {
    const isSecond = this.#secondUnits.delete(unit.unit);
    const isWrong = outcomes.map((outcome) =>
      outcome === CompareResult.same || outcome === CompareResult.undecided ? 0 : 1
    );
    const explained = [...outcomes];
    if (isWrong.includes(1)) {
      forEachFile(unit, Uint8Array.from(isWrong), (root, path) => this.#host.lost.add(root, path));
      forEachEntry(unit.plan, ({ root }, index, path) => {
        const state = sources?.[index] ?? SourceState.asSent;
        if (isWrong[index] === 0 || state === SourceState.asSent) return;
        const place = { root, path: path() };
        (isSecond ? this.#wrongSecond : this.#wrongFirst).set(placeKey(place), { state, now });
        // The receiver does not know that the source is wrong.
        if (typeof explained[index] !== "number") explained[index] = unverified(this.#pathOf(place), state);
      });
    }
    (isSecond ? this.#second : this.#first).answered(unit, explained);
  }

  /**
   * Starts work that the answers require.
   *
   * @param hasRoom whether another large file may be announced.
   * @param flush whether the walk has ended, so that gathered files are compared.
   * @returns whether there was any.
   */
  step({ hasRoom, flush }: { hasRoom: boolean; flush: boolean }): boolean {
    const failed = this.#second.takeNeeded()?.item;
    if (failed) this.#host.failed(unverified(this.#pathOf(failed), take(this.#wrongSecond, failed)?.state));
    const again = hasRoom ? this.#first.takeNeeded()?.item : undefined;
    if (again) {
      const wrong = take(this.#wrongFirst, again);
      // A source that changed is sent with its current size and times.
      const item = { ...again, ...wrong?.now };
      this.#againLarge.add(item);
      this.#host.note(sentAgain(this.#pathOf(again), wrong?.state));
      this.#host.sendLarge(item);
    }
    if (failed || again) return true;
    return [this.#second, this.#first].some((planner) => planner.compareRange() || (flush && planner.flush()));
  }

  #forEachWrong(
    { plan }: SelectedRecords,
    wrong: Map<string, WrongSource>,
    visit: (path: string, wrong: WrongSource | undefined) => void,
  ): void {
    forEachEntry(plan, ({ root }, _, path) => {
      const place = { root, path: path() };
      visit(this.#pathOf(place), take(wrong, place));
    });
  }

  #pathOf({ root, path }: TargetPlace): string {
    return shownPath(this.#host.rootName(root), path);
  }
}

function take(wrong: Map<string, WrongSource>, place: TargetPlace): WrongSource | undefined {
  const key = placeKey(place);
  const found = wrong.get(key);
  wrong.delete(key);
  return found;
}
