/** The sending side of one stream: takes units, sends them, and compares the receiver's results. */

import { ProtocolError } from "../../errors.ts";
import type { SourceReader } from "../../files/engine/source.ts";
import { readResult } from "../../protocol/data/results.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../protocol/data/frame.ts";
import { writeSignatureRequest } from "../../protocol/data/signature.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { Compressor } from "../frames/compressor.ts";
import { FrameSender } from "../frames/frame_sender.ts";
import { FRAME_START, type FrameReader, type FrameWriter } from "../frames/frames.ts";
import { aliveWhile } from "../frames/keep_alive.ts";
import type { SendRole, StreamJob } from "../run/job.ts";
import type { SendReport } from "../report.ts";
import type {
  CompareUnit,
  DigestUnit,
  InputUnit,
  PackUnit,
  RangeUnit,
  ScanUnit,
  SignatureUnit,
  WorkUnit,
} from "../unit.ts";
import { AwaitedResults } from "./awaited_results.ts";
import type { CompareSender, SentCompare } from "./compare_sender.ts";
import { sendInput } from "./input_sender.ts";
import type { OwnerNames } from "./owner_names.ts";
import { PackSender } from "./pack_sender.ts";
import { RangeSender, type SentRange } from "./range_sender.ts";
import { sendOwners } from "./send_owners.ts";
import { beginPack } from "./sent_pack.ts";

/** Source of units, and callbacks of a sending stream. May live on another thread. */
export interface SendHost {
  /** Returns the next unit; undefined after the last unit. */
  next(): Promise<WorkUnit | undefined>;
  /** Called with the receiver's result of a unit, compared with what was sent. */
  report(report: SendReport): void;
  /** Called with the bytes that the receiver has written on this stream so far. */
  written(bytes: number): void;
  /** Reports a note for the user. Several streams may report the same one. */
  note(text: string): void;
}

/** Objects and options of a sending stream. */
export interface SendStreamOptions {
  job: StreamJob;
  role: SendRole;
  frames: { reader: FrameReader; writer: FrameWriter };
  source: SourceReader;
  host: SendHost;
  yielder: EventLoopYielder;
  /** Maximum time between frames sent, in milliseconds. */
  keepAliveMs: number;
  payloadLimit: number;
  /** Undefined: contents are sent uncompressed. */
  compressor?: Compressor;
  /** Names of owners to send; undefined: none are sent. */
  owners?: OwnerNames;
  /** SHA-256, if reports of packs have to contain what was sent. */
  digest?: (bytes: Uint8Array) => Uint8Array;
}

/** One sending stream. */
export class SendStream {
  readonly #options: SendStreamOptions;
  readonly #out: FrameSender;
  readonly #awaited: AwaitedResults;
  readonly #packs: PackSender;
  readonly #ranges: RangeSender;
  #compares?: CompareSender;
  /** Whether the last frame is being sent. */
  #isEnding = false;
  /** Whether the stream has ended or broken. */
  #isStopped = false;

  constructor(options: SendStreamOptions) {
    const { frames: { writer }, job: { blockBytes, cipherEngine }, role, host, source, yielder, payloadLimit } =
      options;
    this.#options = options;
    this.#out = new FrameSender(writer, payloadLimit, yielder);
    this.#awaited = new AwaitedResults((report) => host.report(report));
    this.#packs = new PackSender(source, this.#out, { ...options, chmod: role.chmod, sparse: role.sparse });
    this.#ranges = new RangeSender(source, this.#out, { ...options, ...role, blockBytes, cipherEngine });
  }

  /** Runs until the host has no more units and all results have arrived. @throws {unknown} The error of a broken stream. */
  async run(): Promise<void> {
    try {
      // The first failure rejects. The loop that is left ends when the owner closes the transport.
      await Promise.all([this.#sendUnits(), this.#readResults()]);
    } finally {
      this.#isStopped = true;
      this.#ranges.close();
      this.#compares?.close();
      this.#awaited.fail();
    }
  }

  async #sendUnits(): Promise<void> {
    const { host, keepAliveMs } = this.#options;
    for (;;) {
      const unit = await aliveWhile(host.next(), this.#out, keepAliveMs);
      // The scheduler requeues the units of a broken stream.
      if (this.#isStopped) return;
      if (!unit) break;
      await this.#send(unit);
      await this.#awaited.room();
    }
    await this.#awaited.empty();
    this.#isEnding = true;
    await this.#out.send(FrameKind.end, 0);
    await this.#out.flush();
  }

  async #send(unit: WorkUnit): Promise<void> {
    if (unit.type === "pack") await this.#sendPack(unit);
    else if (unit.type === "compare") await this.#sendCompare(unit);
    else if (unit.type === "digest") await this.#digest(unit);
    else if (unit.type === "signature") await this.#requestSignature(unit);
    else if (unit.type === "scan") await this.#scan(unit);
    else await this.#sendRange(unit);
  }

  async #sendPack(unit: PackUnit): Promise<void> {
    await this.#sendOwners(unit.plan);
    const sent = this.#awaited.add(beginPack(unit, { keepsContents: this.#options.digest !== undefined }));
    await this.#packs.send(unit, sent);
    await this.#out.flush();
    this.#awaited.settlePack(sent);
  }

  async #sendCompare(unit: CompareUnit): Promise<void> {
    const { source, yielder, keepAliveMs, role: { chmod } } = this.#options;
    this.#compares ??= new (await import("./compare_sender.ts")).CompareSender(
      source,
      this.#out,
      yielder,
      { keepAliveMs, chmod },
    );
    await this.#sendOwners(unit.plan);
    const sent: SentCompare = { unit };
    this.#awaited.addCompare(sent);
    await this.#compares.send(sent);
    await this.#out.flush();
  }

  /** Sends the names of owners in a plan that the receiver does not know yet. */
  async #sendOwners(plan: Uint8Array<ArrayBuffer>): Promise<void> {
    const { owners, keepAliveMs } = this.#options;
    const names = owners?.ofPlan(plan);
    if (names) await sendOwners(await aliveWhile(names, this.#out, keepAliveMs), this.#out);
  }

  async #digest(unit: DigestUnit): Promise<void> {
    const { source, yielder, keepAliveMs, host } = this.#options;
    const { digestSources } = await import("./digest_sources.ts");
    const sums = await aliveWhile(digestSources(unit, source, yielder), this.#out, keepAliveMs);
    host.report({ type: "digest", unit: unit.unit, sums });
  }

  async #requestSignature(unit: SignatureUnit): Promise<void> {
    this.#awaited.addSignature(unit);
    const start = FRAME_START + FRAME_HEADER_BYTES;
    await this.#out.send(FrameKind.signature, writeSignatureRequest(this.#out.view, start, unit) - start);
    await this.#out.flush();
  }

  async #scan(unit: ScanUnit): Promise<void> {
    const { source, yielder, keepAliveMs, host, job: { cipherEngine }, role: { sparse } } = this.#options;
    const { scanSource } = await import("./scan_source.ts");
    const scanning = scanSource(unit, source, yielder, { cipherEngine, sparse });
    const segments = await aliveWhile(scanning, this.#out, keepAliveMs);
    host.report({ type: "scan", unit: unit.unit, segments });
  }

  async #sendRange(unit: RangeUnit | InputUnit): Promise<void> {
    const { role, job: { blockBytes }, keepAliveMs, compressor } = this.#options;
    // The receiver copies from the open file until it has answered all units of it.
    if (role.offersLocalCopy && unit.file !== this.#ranges.file) await this.#awaited.empty();
    const range = unit.type === "range" ? unit : { unit: unit.unit, file: unit.file, path: "-", start: 0, end: 0 };
    const sent = this.#awaited.add<SentRange>({ type: "range", unit: range, crc32: 0, refused: false });
    if (unit.type === "range") await this.#ranges.send(unit, sent);
    else await sendInput(Deno.stdin, unit, sent, this.#out, { blockBytes, keepAliveMs, compressor });
    await this.#out.flush();
    if (sent.failure) this.#awaited.settleRange(sent, undefined);
  }

  async #readResults(): Promise<void> {
    const { frames: { reader }, host } = this.#options;
    for (;;) {
      await reader.next();
      if (reader.kind === FrameKind.end) {
        if (this.#isEnding) return;
        throw new ProtocolError("bad-order", "Cannot accept the receiver's last frame before the sender's");
      }
      if (reader.kind === FrameKind.keepAlive) continue;
      if (reader.kind !== FrameKind.result) {
        throw new ProtocolError("bad-frame", `Cannot accept a frame of kind ${reader.kind} from a receiver`);
      }
      const result = readResult(reader.view, reader.start, reader.end);
      if (result.type === "progress") host.written(result.bytes);
      else if (result.type === "pack") this.#awaited.pack(result);
      else if (result.type === "signature") this.#awaited.signature(result);
      else if (result.type === "answer") this.#awaited.answer(result);
      else this.#awaited.range(result);
    }
  }
}
