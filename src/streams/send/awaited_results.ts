/** A sending stream's units that are under way: the receiver's results are held against what was sent. */

import { ProtocolError } from "../../errors.ts";
import { ComparePhase, CompareResult } from "../../protocol/data/compare.ts";
import type { CompareResponse, PackResult, RangeResult } from "../../protocol/data/results.ts";
import { type Failure, isPlaced } from "../../protocol/failure.ts";
import { cutText } from "../../protocol/control/texts.ts";
import type { SentCompare } from "./compare_sender.ts";
import { Condition } from "../../async/condition.ts";
import type { SentPack } from "./pack_sender.ts";
import type { SentRange } from "./range_sender.ts";
import type { SendReport } from "../unit.ts";

/** Maximum length of all failure texts of incomplete units together, in UTF-16 units. */
const MOST_TEXT = 4 << 20;
/** Length to which further texts are cut. */
const CUT_TEXT = 256;

/** Units whose result is awaited: beyond this the stream takes no more, so that a slow receiver is not flooded. */
const MAX_AWAITED = 16;

interface AwaitedPack {
  sent: SentPack;
  /** Outcomes that have come. */
  seen: number;
  failures: SentPack["failures"];
  refused: SentPack["failures"];
  /** Length of all texts in `refused`. */
  text: number;
  files: number;
  bytes: number;
  inPlace: Uint8Array;
}

/** What was sent and has no result yet. */
export class AwaitedResults {
  readonly #report: (report: SendReport) => void;
  readonly #packs = new Map<number, AwaitedPack>();
  readonly #ranges = new Map<number, SentRange>();
  readonly #asks = new Map<number, SentCompare>();
  /** Ranges that were settled because they could not be read. */
  readonly #settled = new Set<number>();
  readonly #changes = new Condition();
  /** Length of all texts in `refused` of all units. */
  #text = 0;

  constructor(report: (report: SendReport) => void) {
    this.#report = report;
  }

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

  pack(result: PackResult): void {
    const entry = this.#packs.get(result.unit);
    if (!entry || entry.seen + result.outcomes.length > entry.sent.sent) throw unasked(result.unit);
    for (const outcome of result.outcomes) {
      const index = entry.seen++;
      if (typeof outcome !== "number") {
        this.#keep(entry, outcome);
        entry.inPlace[entry.sent.places[index]] = isPlaced(outcome) ? 2 : 0;
      } else if (outcome !== entry.sent.crcs[index]) entry.failures.push(differs(index));
      else {
        entry.inPlace[entry.sent.places[index]] = 1;
        entry.files += entry.sent.counts[index];
        entry.bytes += entry.sent.sizes[index];
      }
    }
    this.settlePack(entry.sent);
  }

  /** Adds a failure. A hostile receiver may fail all files of a unit but the last, with long texts for each. */
  #keep(entry: AwaitedPack, failure: Failure): void {
    const kept = this.#text < MOST_TEXT ? failure : shortened(failure);
    const text = kept.code.length + kept.path.length + kept.message.length + kept.hint.length;
    entry.refused.push(kept);
    entry.text += text;
    this.#text += text;
  }

  /** Reports a pack when all of it was sent and has its result. */
  settlePack(sent: SentPack): void {
    const entry = this.#packs.get(sent.unit);
    if (!entry || !sent.complete || entry.seen < sent.sent) return;
    this.#packs.delete(sent.unit);
    this.#text -= entry.text;
    const { files, bytes, refused, inPlace } = entry;
    const failures = [...sent.failures, ...entry.failures];
    this.#report({
      type: "pack",
      unit: sent.unit,
      files,
      bytes,
      failures,
      refused,
      grown: sent.grown,
      notes: sent.notes,
      inPlace,
      contents: sent.contents,
    });
    this.#changes.notifyAll();
  }

  ask(sent: SentCompare): void {
    this.#asks.set(sent.unit.unit, sent);
  }

  answer({ unit, outcomes }: CompareResponse): void {
    const ask = this.#asks.get(unit);
    if (ask?.unit.records !== outcomes.length) throw unasked(unit);
    const last = ask.unit.phase === ComparePhase.stat ? CompareResult.undecided : CompareResult.different;
    if (outcomes.some((outcome) => typeof outcome === "number" && outcome > last)) {
      throw new ProtocolError("bad-result", `Cannot accept the answer to unit ${unit}: it is none of those there are`);
    }
    this.#asks.delete(unit);
    const { sources, now } = ask;
    this.#report({ type: "ask", unit, outcomes, sources, now });
    this.#changes.notifyAll();
  }

  range(result: RangeResult): void {
    const sent = this.#ranges.get(result.unit);
    // A range that failed here was settled without its result, which may be under way.
    if (this.#settled.delete(result.unit)) return;
    if (!sent) throw unasked(result.unit);
    if (result.failure) sent.refused = true;
    this.settleRange(sent, result);
  }

  settleRange(sent: SentRange, result: RangeResult | undefined): void {
    const { unit, file, start, end } = sent.unit;
    if (!this.#ranges.delete(unit)) return;
    if (!result) this.#settled.add(unit);
    const same = result && result.bytes === end - start && result.crc32 === sent.crc32;
    const failure = sent.failure ?? result?.failure ?? (same ? undefined : differs(0));
    const refused = failure !== undefined && failure === result?.failure;
    const { crc32, whole } = sent;
    const changed = sent.changed?.();
    this.#report({ type: "range", unit, file, start, end, crc32, failure, refused, changed, whole });
    this.#changes.notifyAll();
  }

  get #size(): number {
    return this.#packs.size + this.#ranges.size + this.#asks.size;
  }

  /** Resolves when more may be sent. */
  async room(): Promise<void> {
    while (this.#size >= MAX_AWAITED) await this.#changes.wait();
  }

  /** Resolves when nothing is awaited. */
  async empty(): Promise<void> {
    while (this.#size > 0) await this.#changes.wait();
  }

  /** The stream has ended: lets go of whoever waits. */
  fail(): void {
    this.#packs.clear();
    this.#text = 0;
    this.#ranges.clear();
    this.#asks.clear();
    this.#changes.notifyAll();
  }
}

function unasked(unit: number): ProtocolError {
  return new ProtocolError("bad-result", `Cannot accept a result of unit ${unit}: nothing of it is awaited`);
}

function differs(index: number): SentPack["failures"][number] {
  return {
    code: "ECHECKSUM",
    path: "",
    message: `Cannot confirm what was written (entry ${index + 1} of its unit): the other side reports another CRC-32`,
    hint: "Copy it again; if it stays so, test the memory of both machines",
  };
}

function shortened({ code, path, message, hint }: Failure): Failure {
  return {
    code: cutText(code, CUT_TEXT),
    path: cutText(path, CUT_TEXT),
    message: cutText(message, CUT_TEXT),
    hint: cutText(hint, CUT_TEXT),
  };
}
