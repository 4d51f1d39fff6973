/** The sending side of one stream: takes units, sends them, and holds the results against what was sent. */

import { ProtocolError } from "../errors.ts";
import type { SourceReader } from "../files/engine.ts";
import { AskPhase, Verdict } from "../protocol/ask.ts";
import { FrameKind } from "../protocol/frame.ts";
import { type AnswerResult, type PackResult, type RangeResult, readResult } from "../protocol/results.ts";
import type { AskSender } from "./ask_sender.ts";
import { Changes } from "./changes.ts";
import type { Breather } from "./breather.ts";
import type { Compressor } from "./compressor.ts";
import { FrameSender } from "./frame_sender.ts";
import type { FrameReader, FrameWriter } from "./frames.ts";
import { beginPack, PackSender, type SentPack } from "./pack_sender.ts";
import { sendInput } from "./input_sender.ts";
import { aliveWhile } from "./keep_alive.ts";
import { RangeSender, type SentRange } from "./range_sender.ts";
import type { AskUnit, SendReport, Unit } from "./unit.ts";

/** Where a sending stream gets its work, and whom it tells. In another thread, perhaps. */
export interface SendHost {
  /** The next unit; undefined when there is none and never will be. */
  next(): Promise<Unit | undefined>;
  /** The receiver's result of a unit, compared with what was sent. */
  report(report: SendReport): void;
  /** Bytes that the receiver has written on this stream so far. */
  written(bytes: number): void;
}

/** What a sending stream works with. */
export interface SendStreamOptions {
  reader: FrameReader;
  writer: FrameWriter;
  source: SourceReader;
  host: SendHost;
  breather: Breather;
  blockBytes: number;
  /** Holes, and blocks of zeros, are sent as such. */
  sparse: boolean;
  /** How long this end says nothing at the most, in milliseconds. */
  quietMs: number;
  payloadLimit: number;
  /** Compresses what is worth it. */
  compressor?: Compressor;
}

/** Units whose result is awaited: beyond this the stream takes no more, so that a slow receiver is not flooded. */
const MAX_AWAITED = 16;

/** Runs until the host has no more units and all results are there. @throws what broke the stream. */
export async function sendStream(options: SendStreamOptions): Promise<void> {
  const { host, reader, breather, quietMs } = options;
  const out = new FrameSender(options.writer, options.payloadLimit, breather);
  const packs = new PackSender(options.source, out, options.compressor);
  const ranges = new RangeSender(options.source, out, options);
  let asks: AskSender | undefined;
  const awaited = new AwaitedResults(host);
  const state = { ending: false, stopped: false };
  const reading = readResults(reader, awaited, host, state);
  // Whatever fails first ends both loops: the owner closes the transport when this rejects.
  const sending = (async () => {
    for (
      let unit = await aliveWhile(host.next(), out, quietMs);
      unit;
      unit = await aliveWhile(host.next(), out, quietMs)
    ) {
      // Whoever gave it takes it back.
      if (state.stopped) return;
      if (unit.type === "ask") {
        asks ??= new (await import("./ask_sender.ts")).AskSender(options.source, out, breather, options.quietMs);
        awaited.ask(unit);
        await asks.send(unit);
        await out.flush();
      } else if (unit.type === "pack") {
        const sent = awaited.add(beginPack(unit));
        await packs.send(unit, sent);
        await out.flush();
        awaited.settlePack(sent);
      } else {
        const range = unit.type === "range" ? unit : { unit: unit.unit, file: unit.file, start: 0, end: 0 };
        const sent = awaited.add<SentRange>({ type: "range", unit: range, crc32: 0, refused: false });
        if (unit.type === "range") await ranges.send(unit, sent);
        else await sendInput(Deno.stdin, unit, sent, out, options);
        await out.flush();
        if (sent.failure) awaited.settleRange(sent, undefined);
      }
      await awaited.room();
    }
    await awaited.empty();
    state.ending = true;
    await out.send(FrameKind.end, 0);
    await out.flush();
  })();
  try {
    await Promise.all([sending, reading]);
  } finally {
    state.stopped = true;
    ranges.close();
    asks?.close();
    awaited.fail();
  }
}

async function readResults(
  reader: FrameReader,
  awaited: AwaitedResults,
  host: SendHost,
  state: { ending: boolean },
): Promise<void> {
  for (;;) {
    await reader.next();
    if (reader.kind === FrameKind.end) {
      if (state.ending) return;
      throw new ProtocolError("bad-order", "Cannot accept the receiver's last frame before the sender's");
    }
    if (reader.kind === FrameKind.keepAlive) continue;
    if (reader.kind !== FrameKind.result) {
      throw new ProtocolError("bad-frame", `Cannot accept a frame of kind ${reader.kind} from a receiver`);
    }
    const result = readResult(reader.view, reader.start, reader.end);
    if (result.type === "progress") host.written(result.bytes);
    else if (result.type === "pack") awaited.pack(result);
    else if (result.type === "answer") awaited.answer(result);
    else awaited.range(result);
  }
}

interface AwaitedPack {
  sent: SentPack;
  /** Outcomes that have come. */
  seen: number;
  failures: SentPack["failures"];
  refused: SentPack["failures"];
  files: number;
  bytes: number;
  inPlace: Uint8Array;
}

/** What was sent and has no result yet. */
class AwaitedResults {
  readonly #host: SendHost;
  readonly #packs = new Map<number, AwaitedPack>();
  readonly #ranges = new Map<number, SentRange>();
  readonly #asks = new Map<number, AskUnit>();
  /** Ranges that were settled because they could not be read. */
  readonly #settled = new Set<number>();
  readonly #changes = new Changes();

  constructor(host: SendHost) {
    this.#host = host;
  }

  add<T extends SentPack | SentRange>(sent: T): T {
    if (sent.type === "pack") {
      this.#packs.set(sent.unit, {
        sent,
        seen: 0,
        failures: [],
        refused: [],
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
      if (typeof outcome !== "number") entry.refused.push(outcome);
      else if (outcome !== entry.sent.crcs[index]) entry.failures.push(differs(index));
      else {
        entry.inPlace[entry.sent.places[index]] = 1;
        entry.files += entry.sent.counts[index];
        entry.bytes += entry.sent.sizes[index];
      }
    }
    this.settlePack(entry.sent);
  }

  /** Reports a pack when all of it was sent and has its result. */
  settlePack(sent: SentPack): void {
    const entry = this.#packs.get(sent.unit);
    if (!entry || !sent.complete || entry.seen < sent.sent) return;
    this.#packs.delete(sent.unit);
    const { files, bytes, refused, inPlace } = entry;
    const failures = [...sent.failures, ...entry.failures];
    this.#host.report({
      type: "pack",
      unit: sent.unit,
      files,
      bytes,
      failures,
      refused,
      grown: sent.grown,
      notes: sent.notes,
      inPlace,
    });
    this.#changes.announce();
  }

  ask(unit: AskUnit): void {
    this.#asks.set(unit.unit, unit);
  }

  answer({ unit, outcomes }: AnswerResult): void {
    const ask = this.#asks.get(unit);
    if (ask?.records !== outcomes.length) throw unasked(unit);
    const last = ask.phase === AskPhase.look ? Verdict.undecided : Verdict.different;
    if (outcomes.some((outcome) => typeof outcome === "number" && outcome > last)) {
      throw new ProtocolError("bad-result", `Cannot accept the answer to unit ${unit}: it is none of those there are`);
    }
    this.#asks.delete(unit);
    this.#host.report({ type: "ask", unit, outcomes });
    this.#changes.announce();
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
    this.#host.report({ type: "range", unit, file, start, end, crc32: sent.crc32, failure, refused, note: sent.note });
    this.#changes.announce();
  }

  get #size(): number {
    return this.#packs.size + this.#ranges.size + this.#asks.size;
  }

  /** Resolves when more may be sent. */
  async room(): Promise<void> {
    while (this.#size >= MAX_AWAITED) await this.#changes.next();
  }

  /** Resolves when nothing is awaited. */
  async empty(): Promise<void> {
    while (this.#size > 0) await this.#changes.next();
  }

  /** The stream has ended: lets go of whoever waits. */
  fail(): void {
    this.#packs.clear();
    this.#ranges.clear();
    this.#asks.clear();
    this.#changes.announce();
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
