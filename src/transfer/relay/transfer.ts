/** The transfer between two hosts, once both sessions are open. */

import type { MessageOf } from "../../protocol/control/messages.ts";
import type { ClientSession } from "../../session/model/client_session.ts";
import { explainCount, type StreamCount } from "../../session/model/stream_count.ts";
import type { CopyRequest } from "../client/copy_request.ts";
import { settleCleanUp } from "../client/open_peers.ts";
import type { Machine } from "../machine.ts";
import { ProgressTimer } from "../progress_timer.ts";
import type { Outcome } from "../totals.ts";
import { RelayedConversation, type RelayedRequest } from "./conversation.ts";
import { RelayStreams } from "./streams.ts";

/** Options of the transfer. */
export interface RelayedTransferOptions extends Omit<RelayedRequest, "recursive" | "bytesPerSecond" | "dryRun"> {
  machine: Machine;
  request: CopyRequest;
  blockBytes: number;
  /** Writes to the log. */
  note: (text: string) => void;
}

/** Passes messages and data on. Its methods are called in the order in which they are declared. */
export class RelayedTransfer implements AsyncDisposable {
  readonly #from: ClientSession;
  readonly #to: ClientSession;
  readonly #options: RelayedTransferOptions;
  readonly #conversation: RelayedConversation;
  readonly #progress = new ProgressTimer((bytes) => this.#reportProgress(bytes));
  /** The sender's last message before the target was ready. */
  #totals!: MessageOf<"sources">;
  #streams?: RelayStreams;
  #streamCount = 0;
  /** The receiver's last message. */
  #finished!: Promise<MessageOf<"finished">>;

  constructor(from: ClientSession, to: ClientSession, options: RelayedTransferOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#conversation = new RelayedConversation({ ...options, ...options.request }, from, to);
  }

  /** Passes the offer and its answer on, and sets the number of streams. @throws {UserError} if the receiver refuses. */
  async agree(): Promise<void> {
    const { count, totals } = await this.#conversation.agree();
    this.#totals = totals;
    this.#streams = this.#createStreams(count);
  }

  /** Opens the first pair of streams, and starts to pass messages on. */
  async openStreams(): Promise<void> {
    const { streams: requested, emit, note, machine } = this.#options;
    const { files, bytes, complete } = this.#totals;
    const streams = this.#streams!;
    this.#progress.start();
    this.#finished = this.#conversation.run();
    // The receiver may finish before a pair is open, if there is nothing to send.
    this.#streamCount = await Promise.race([streams.bringUp(), this.#finished.then(() => streams.pairs)]);
    note(`data comes from ${this.#from.address} and goes to ${this.#to.address}`);
    const explanation = explainCount(this.#streamCount, requested, streams.roundTripMs);
    if (explanation) note(explanation);
    emit({ type: "connected", streams: this.#streamCount, engine: machine.cipher.name, address: this.#to.address });
    emit({ type: "totals", files, bytes, complete });
  }

  /** Passes messages and data on until the receiver has finished. @throws {TransferLost} if all pairs broke. */
  async passMessages(): Promise<MessageOf<"finished">> {
    const streams = this.#streams!;
    const finished = await Promise.race([this.#finished, streams.run().then(() => this.#finished)]);
    this.#progress.report();
    this.#progress[Symbol.dispose]();
    // The receiver's last message may arrive before the last frames of its streams, which count as well.
    if (this.#options.request.compress) await settleCleanUp(streams.run());
    return finished;
  }

  /** Ends both sessions. @returns the totals of the receiver. */
  async finish({ files, bytes, skipped = 0, verified, deleted = 0 }: MessageOf<"finished">): Promise<Outcome> {
    const { request: { dryRun, compress, dummy, deletes, removesSources }, machine, emit } = this.#options;
    const streams = this.#streams!;
    const lost = streams.losses.note(this.#from.control.corrupt + this.#to.control.corrupt);
    if (lost) emit({ type: "note", message: lost });
    const removedSources = removesSources && !dryRun ? await this.#conversation.awaitRemoval() : undefined;
    for (const { control } of [this.#from, this.#to]) {
      control.send({ type: "bye" });
      await control.flushed();
    }
    const { planned, failed, kept, reused, stopped } = this.#conversation;
    const outcome: Outcome = {
      files: dryRun ? planned.files : files,
      bytes: dryRun ? planned.bytes : bytes,
      failed,
      skipped,
      verified,
      deleted: deletes ? deleted : undefined,
      removedSources,
      stopped,
      dryRun,
      streams: this.#streamCount,
      resumed: kept,
      reused: reused || undefined,
      wireBytes: compress || reused > 0 ? streams.wireBytes : undefined,
    };
    emit({ type: "finished", ...outcome, dummy, engine: machine.cipher.name });
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#streams?.close();
    // Reports what a lost session has done.
    if (this.#progress.isRunning) this.#progress.report();
    this.#progress[Symbol.dispose]();
  }

  #createStreams(count: StreamCount): RelayStreams {
    const { machine, blockBytes, request: { timeoutMs, congestion } } = this.#options;
    return new RelayStreams(this.#from, this.#to, { machine, count, blockBytes, timeoutMs, congestion }, {
      written: (stream, bytes) => this.#progress.setWritten(stream, bytes),
      relayed: (result) => this.#conversation.result(result),
      finishing: () => this.#conversation.finishing,
    });
  }

  #reportProgress(writtenBytes: number): void {
    const { files, kept, doneBytes, current: file } = this.#conversation;
    const wireBytes = this.#options.request.compress ? this.#streams?.wireBytes : undefined;
    const bytes = writtenBytes + kept;
    const { written } = this.#progress;
    this.#options.emit({ type: "progress", files, bytes, resumed: kept, doneBytes, wireBytes, file, streams: written });
  }
}
