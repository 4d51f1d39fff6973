/** The receiving side of one stream: reads frames, and writes their contents. */

import { ProtocolError } from "../../errors.ts";
import { COMPARE_HEADER_BYTES, readCompareHeader } from "../../protocol/data/compare.ts";
import { FrameKind } from "../../protocol/data/frame.ts";
import { readOwners } from "../../protocol/data/owners.ts";
import { PACK_HEADER_BYTES, Piece, readPackHeader } from "../../protocol/data/pack.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import { contentsOf } from "../frames/contents.ts";
import type { FrameReader, FrameWriter } from "../frames/frames.ts";
import { ResultSender } from "../frames/result_sender.ts";
import type { ReceiveRole } from "../run/job.ts";
import type { AnnouncedAttributes } from "./announced_attributes.ts";
import type { CompareReceiver } from "./compare_receiver.ts";
import { PackReceiver } from "./pack_receiver.ts";
import { badPiece } from "./received_pieces.ts";
import type { SignatureReceiver } from "./signature_receiver.ts";
import { RangeReceiver, type RangeReceiverOptions } from "./range_receiver.ts";

/** Objects and options of a receiving stream. */
export interface ReceiveStreamOptions extends RangeReceiverOptions {
  role: ReceiveRole;
  frames: { reader: FrameReader; writer: FrameWriter };
  /** Maximum time between frames sent, in milliseconds. */
  keepAliveMs: number;
  /** Maximum bytes of a payload. */
  payloadLimit: number;
  /** Answers compare requests; undefined: the sender must not send any. */
  compareReceiver?: CompareReceiver;
  /** Replaces attributes that the sender announces; undefined: they stay as they are. */
  attributes?: AnnouncedAttributes;
  /** SHA-256, if reports have to contain the paths and digests of written files. */
  digest?: (bytes: Uint8Array) => Uint8Array;
  /** Computes what later runs have to know of written files; undefined: no record is kept. */
  finished?: FinishedFiles;
}

/** Minimum time between progress results to the sender, in milliseconds. */
const PROGRESS_MS = 200;

/** One receiving stream. `forget` and `close` may be called while `run` is in progress. */
export class ReceiveStream {
  readonly #options: ReceiveStreamOptions;
  readonly #results: ResultSender;
  readonly #packs: PackReceiver;
  readonly #ranges: RangeReceiver;
  #signatures?: SignatureReceiver;
  #written = 0;
  #reportedBytes = 0;
  #reportedAt = performance.now();

  constructor(options: ReceiveStreamOptions) {
    const { target, frames: { writer }, role: { roots, options: { fsync } }, yielder, digest, finished, host } =
      options;
    this.#options = options;
    this.#results = new ResultSender(writer);
    this.#packs = new PackReceiver(target, roots, {
      syncs: fsync ? yielder : undefined,
      digest,
      finished,
      attributes: options.attributes,
      note: (text) => host.note(text),
    });
    this.#ranges = new RangeReceiver(options, this.#results);
  }

  /** Runs until the sender's last frame. @throws {unknown} The error of a broken stream. */
  async run(): Promise<void> {
    const timer = setInterval(() => this.#results.keepAlive(), this.#options.keepAliveMs);
    try {
      await this.#receiveFrames();
    } finally {
      clearInterval(timer);
    }
  }

  /** Closes a file that is finished or given up, and ignores further blocks of it. */
  forget(file: number): void {
    this.#ranges.forget(file);
    this.#signatures?.forget(file);
  }

  /** Records the blocks of a file from now on. */
  startJournal(file: number, path: string): void {
    this.#ranges.startJournal(file, path);
  }

  /** Closes all files, and cancels pending writes to devices. */
  close(): void {
    this.#packs.close();
    this.#ranges.close();
    this.#signatures?.close();
    this.#options.attributes?.owners?.close();
  }

  async #receiveFrames(): Promise<void> {
    const { frames: { reader }, yielder } = this.#options;
    for (;;) {
      await reader.next();
      if (this.#packs.isIncomplete && reader.kind !== FrameKind.pack && reader.kind !== FrameKind.keepAlive) {
        throw badPiece("the file is incomplete");
      }
      switch (reader.kind) {
        case FrameKind.pack:
          this.#refuseInDryRun();
          await this.#receivePack();
          break;
        case FrameKind.block:
          this.#refuseInDryRun();
          this.#written += await this.#ranges.receive();
          break;
        case FrameKind.compare:
          await this.#answerCompare();
          break;
        case FrameKind.signature:
          await this.#answerSignature();
          break;
        case FrameKind.owners:
          await this.#addOwners();
          break;
        case FrameKind.keepAlive:
          break;
        case FrameKind.end:
          await this.#sendProgress({ force: true });
          await this.#results.end();
          return;
        default:
          throw new ProtocolError("bad-frame", `Cannot accept a frame of kind ${reader.kind} from a sender`);
      }
      if (this.#written !== this.#reportedBytes) await this.#sendProgress({ force: false });
      const yielding = yielder.yieldIfDue();
      if (yielding) await yielding;
    }
  }

  async #receivePack(): Promise<void> {
    const { frames: { reader }, role, host, payloadLimit, decompressor, attributes } = this.#options;
    const header = readPackHeader(reader.view, reader.start, reader.end, payloadLimit - PACK_HEADER_BYTES);
    // Later pieces of a file contain no owner.
    if (header.piece <= Piece.first) await attributes?.owners?.retry();
    const contents = contentsOf(reader, reader.start + PACK_HEADER_BYTES, header, decompressor);
    const isWhole = header.piece === Piece.none;
    if (!isWhole && !role.pieces) throw badPiece("the target does not accept any");
    if (isWhole && this.#packs.isIncomplete) throw badPiece("the file is incomplete");
    const result = isWhole ? await this.#packs.receive(header, contents) : this.#packs.receivePiece(header, contents);
    const { report, outcomes, written } = result;
    this.#written += written;
    if (report) host.report(report);
    if (isWhole || outcomes.length > 0) {
      await this.#results.send({ type: "pack", unit: header.unit, outcomes }, outcomes.length);
    }
  }

  async #answerCompare(): Promise<void> {
    const { frames: { reader }, host, compareReceiver, attributes } = this.#options;
    if (!compareReceiver) {
      throw new ProtocolError("bad-frame", "Cannot accept a compare request: the job does not allow it");
    }
    await attributes?.owners?.retry();
    const { bytes, view, start, end } = reader;
    const header = readCompareHeader(view, start, end);
    const { report, outcomes } = await compareReceiver.receive(header, bytes, view, start + COMPARE_HEADER_BYTES, end);
    host.report(report);
    await this.#results.send({ type: "answer", unit: header.unit, outcomes }, outcomes.length);
  }

  async #answerSignature(): Promise<void> {
    const signatures = this.#signatures ??= new (await import("./signature_receiver.ts")).SignatureReceiver(
      this.#options,
    );
    await this.#results.send({ type: "signature", ...await signatures.receive() }, 0);
  }

  async #addOwners(): Promise<void> {
    const { frames: { reader: { bytes, view, start, end } }, role: { mapsOwners }, attributes } = this.#options;
    if (!mapsOwners) throw new ProtocolError("bad-frame", "Cannot accept names of owners: they are not expected");
    await attributes!.owners!.add(readOwners(bytes, view, start, end));
  }

  #refuseInDryRun(): void {
    if (this.#options.role.comparison?.dryRun) {
      throw new ProtocolError("bad-frame", "Cannot accept contents in a dry run");
    }
  }

  async #sendProgress({ force }: { force: boolean }): Promise<void> {
    const now = performance.now();
    if (this.#written === this.#reportedBytes || (!force && now - this.#reportedAt < PROGRESS_MS)) return;
    this.#reportedBytes = this.#written;
    this.#reportedAt = now;
    this.#options.host.written(this.#written);
    await this.#results.send({ type: "progress", bytes: this.#written }, 0);
  }
}
