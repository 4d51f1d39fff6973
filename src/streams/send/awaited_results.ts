/** In-flight units of a sending stream, matched with the receiver's results. */

import { ProtocolError } from "../../errors.ts";
import { Condition } from "../../async/condition.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";
import { cutText } from "../../protocol/control/texts.ts";
import { ComparePhase, CompareResult } from "../../protocol/data/compare.ts";
import { changesOf, resultOf } from "../../protocol/data/item_changes.ts";
import type { CompareResponse, PackResult, RangeResult, SignatureResponse } from "../../protocol/data/results.ts";
import { digestsBytesOf } from "../../protocol/data/signature.ts";
import { type Failure, isPlaced } from "../../protocol/failure.ts";
import { checksumMismatch, toFailure } from "../failure.ts";
import type { SendReport } from "../report.ts";
import type { SignatureUnit } from "../unit.ts";
import type { SentCompare } from "./compare_sender.ts";
import type { SentRange } from "./range_sender.ts";
import type { SentPack } from "./sent_pack.ts";

/** Maximum length of all failure texts of incomplete units together, in UTF-16 units. */
const MAX_TEXT = 4 << 20;
/** Length to which further texts are cut. */
const CUT_TEXT = 256;

/** Maximum number of units without a result. More would flood a slow receiver. */
const MAX_AWAITED = 16;

interface AwaitedPack {
  sent: SentPack;
  /** Number of outcomes that have arrived. */
  seen: number;
  failures: Failure[];
  refused: Failure[];
  /** Length of all texts in `refused`. */
  text: number;
  files: number;
  bytes: number;
  inPlace: Uint8Array;
}

/** Units without a result. */
export class AwaitedResults {
  readonly #report: (report: SendReport) => void;
  readonly #packs = new Map<number, AwaitedPack>();
  readonly #ranges = new Map<number, SentRange>();
  readonly #compares = new Map<number, SentCompare>();
  readonly #signatures = new Map<number, SignatureUnit>();
  /** Ranges that were reported because they could not be read. Their results may still arrive. */
  readonly #settled = new Set<number>();
  readonly #changes = new Condition();
  /** Length of all texts in `refused` of all units. */
  #text = 0;

  /** @param report Called when a unit is complete. */
  constructor(report: (report: SendReport) => void) {
    this.#report = report;
  }

  /** Adds a unit before it is sent. */
  add<T extends SentPack | SentRange>(sent: T): T {
    if (sent.type === "pack") {
      this.#packs.set(sent.unit, {
        sent,
        seen: 0,
        failures: [],
        refused: [],
        text: 0,
        files: 0,
        bytes: 0,
        inPlace: new Uint8Array(sent.crcs.length),
      });
    } else this.#ranges.set(sent.unit.unit, sent);
    return sent;
  }

  /** Adds a compare request before it is sent. */
  addCompare(sent: SentCompare): void {
    this.#compares.set(sent.unit.unit, sent);
  }

  /** Adds a signature request before it is sent. */
  addSignature(unit: SignatureUnit): void {
    this.#signatures.set(unit.unit, unit);
  }

  /** Handles the response to a signature request. @throws {ProtocolError} */
  signature({ unit, digests }: SignatureResponse): void {
    const sent = this.#signatures.get(unit);
    if (!sent || (digests && digests.length !== digestsBytesOf(sent))) throw unexpected(unit);
    this.#signatures.delete(unit);
    this.#report({ type: "signature", unit, digests });
    this.#changes.notifyAll();
  }

  /** Handles the result of a pack frame. @throws {ProtocolError} */
  pack(result: PackResult): void {
    const entry = this.#packs.get(result.unit);
    if (!entry || entry.seen + result.outcomes.length > entry.sent.sent) throw unexpected(result.unit);
    for (const outcome of result.outcomes) {
      const index = entry.seen++;
      const planIndex = entry.sent.planIndexes[index];
      if (typeof outcome !== "number") {
        this.#addRefused(entry, outcome);
        entry.inPlace[planIndex] = isPlaced(outcome) ? 2 : 0;
      } else if (outcome !== entry.sent.crcs[index]) entry.failures.push(otherChecksum(pathAt(entry.sent, planIndex)));
      else {
        entry.inPlace[planIndex] = 1;
        entry.files += entry.sent.counts[index];
        entry.bytes += entry.sent.sizes[index];
      }
    }
    this.settlePack(entry.sent);
  }

  /** Handles the response to a compare request. @throws {ProtocolError} */
  answer({ unit, outcomes }: CompareResponse): void {
    const sent = this.#compares.get(unit);
    if (sent?.unit.records !== outcomes.length) throw unexpected(unit);
    const last = sent.unit.phase === ComparePhase.stat ? CompareResult.undecided : CompareResult.different;
    const changes = new Uint8Array(outcomes.length);
    const results = outcomes.map((outcome, index) => {
      if (typeof outcome !== "number") return outcome;
      const [result, change] = [resultOf(outcome), changesOf(outcome)];
      if (result > last || change === undefined) {
        throw new ProtocolError("bad-result", `Cannot accept the response to unit ${unit}: an outcome is unknown`);
      }
      changes[index] = change;
      return result;
    });
    this.#compares.delete(unit);
    const { sources, now } = sent;
    this.#report({ type: "compare", unit, outcomes: results, changes, sources, now });
    this.#changes.notifyAll();
  }

  /** Handles the result of a range. @throws {ProtocolError} */
  range(result: RangeResult): void {
    const sent = this.#ranges.get(result.unit);
    if (this.#settled.delete(result.unit)) return;
    if (!sent) throw unexpected(result.unit);
    if (result.failure) sent.refused = true;
    this.settleRange(sent, result);
  }

  /** Reports a pack if all of it was sent and has its results. */
  settlePack(sent: SentPack): void {
    const entry = this.#packs.get(sent.unit);
    if (!entry || !sent.complete || entry.seen < sent.sent) return;
    this.#packs.delete(sent.unit);
    this.#text -= entry.text;
    const { files, bytes, refused, inPlace } = entry;
    this.#report({
      type: "pack",
      unit: sent.unit,
      files,
      bytes,
      failures: [...sent.failures, ...entry.failures],
      refused,
      grown: sent.grown,
      notes: sent.notes,
      inPlace,
      contents: sent.contents,
    });
    this.#changes.notifyAll();
  }

  /** Reports a range. @param result undefined if the range could not be read. */
  settleRange(sent: SentRange, result: RangeResult | undefined): void {
    const { unit, file, path, start, end } = sent.unit;
    if (!this.#ranges.delete(unit)) return;
    if (!result) this.#settled.add(unit);
    const same = result && result.bytes === end - start && result.crc32 === sent.crc32;
    const failure = sent.failure ?? result?.failure ?? (same ? undefined : otherChecksum(path));
    const refused = failure !== undefined && failure === result?.failure;
    const { crc32, whole } = sent;
    const changed = sent.changed?.();
    this.#report({ type: "range", unit, file, start, end, crc32, failure, refused, changed, whole });
    this.#changes.notifyAll();
  }

  /** Resolves when another unit may be sent. */
  async room(): Promise<void> {
    while (this.#size >= MAX_AWAITED) await this.#changes.wait();
  }

  /** Resolves when all results have arrived. */
  async empty(): Promise<void> {
    while (this.#size > 0) await this.#changes.wait();
  }

  /** Forgets all units, and wakes all waiters, because the stream has ended. */
  fail(): void {
    this.#packs.clear();
    this.#text = 0;
    this.#ranges.clear();
    this.#compares.clear();
    this.#signatures.clear();
    this.#changes.notifyAll();
  }

  get #size(): number {
    return this.#packs.size + this.#ranges.size + this.#compares.size + this.#signatures.size;
  }

  /** Adds a failure. A hostile receiver may fail all files of a unit but the last, with long texts for each. */
  #addRefused(entry: AwaitedPack, failure: Failure): void {
    const kept = this.#text < MAX_TEXT ? failure : shortened(failure);
    const text = kept.code.length + kept.path.length + kept.message.length + kept.hint.length;
    entry.refused.push(kept);
    entry.text += text;
    this.#text += text;
  }
}

/** Returns the path of a record, relative to its root. */
function pathAt({ plan }: SentPack, planIndex: number): string {
  let found = "";
  forEachEntry(plan, (_, index, path) => {
    if (index === planIndex) found = path();
  });
  return found;
}

function otherChecksum(path: string): Failure {
  return toFailure(checksumMismatch(path, "the receiver reports another CRC-32"));
}

function unexpected(unit: number): ProtocolError {
  return new ProtocolError("bad-result", `Cannot accept a result of unit ${unit}: no result of it is expected`);
}

function shortened({ code, path, message, hint }: Failure): Failure {
  return {
    code: cutText(code, CUT_TEXT),
    path: cutText(path, CUT_TEXT),
    message: cutText(message, CUT_TEXT),
    hint: cutText(hint, CUT_TEXT),
  };
}
