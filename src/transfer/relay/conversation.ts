/** Control messages of two hosts, which this one inspects and passes on. */

import type { MessageOf, MessageType } from "../../protocol/control/messages.ts";
import type { SignatureResponse, UnitResult } from "../../protocol/data/results.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { ClientSession } from "../../session/model/client_session.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import type { StreamCount } from "../../session/model/stream_count.ts";
import { awaitRemoval } from "../await_removal.ts";
import { TargetRefused } from "../transfer_errors.ts";
import { checkOffered, maxOffered, withTargets } from "../client/accept_sources.ts";
import type { CopyRequest } from "../client/copy_request.ts";
import { failedEvent, type Side, type TransferEvent } from "../events.ts";
import type { SharedTarget } from "../client/reserved_names.ts";
import { OfferedSources, sendOffered } from "../offered_sources.ts";
import { DryRunTotals } from "../dry_run_totals.ts";
import { streamsFor } from "../streams/stream_policy.ts";
import { ReportedTexts } from "../reported_texts.ts";
import type { RequestedSource } from "../requested_sources.ts";
import { shownPath } from "../send/sources/names.ts";
import { checkTotals } from "../totals.ts";

/** Options of the client. */
export interface RelayedRequest {
  sources: readonly RequestedSource[];
  target: SharedTarget;
  recursive: boolean;
  relative?: CopyRequest["relative"];
  streams: StreamCount;
  bytesPerSecond: number;
  dryRun?: boolean;
  emit: (event: TransferEvent) => void;
  /** Called with the reason if nothing of this copy can be resumed. */
  unresumable: (why: string) => void;
}

/** Passes control messages between two hosts. */
export class RelayedConversation {
  /** Number of large files that the receiver has finished. Files of packs are counted at the end. */
  files = 0;
  /** Bytes of these files. */
  doneBytes = 0;
  /** Number of paths that failed on either host. */
  failed = 0;
  /** Bytes of partial files that an earlier run left on the receiver. */
  kept = 0;
  /** Bytes that the receiver has copied from files that it replaced. */
  reused = 0;
  /** Whether the sender has received all results. */
  finishing = false;
  /** Whether the sender has not sent all files, because the target takes no more. */
  stopped?: boolean;
  /** Entries of a dry run. */
  readonly planned: DryRunTotals;
  /** Paths of large files in progress, by number. */
  readonly #inProgress = new Map<number, string>();
  /** Names of the sources. */
  #names: readonly string[] = [];
  readonly #reported = new ReportedTexts();
  readonly #options: RelayedRequest;
  readonly #from: ClientSession;
  readonly #to: ClientSession;

  constructor(options: RelayedRequest, from: ClientSession, to: ClientSession) {
    this.#options = options;
    this.planned = new DryRunTotals(options.emit);
    this.#from = from;
    this.#to = to;
  }

  /** Passes the offer and its answer on, and sets the number of streams. @throws {UserError} if the receiver refuses. */
  async agree(): Promise<{ count: StreamCount; totals: MessageOf<"sources"> }> {
    const { sources: requested, target, recursive, relative, streams, bytesPerSecond } = this.#options;
    const offered = new OfferedSources(maxOffered(requested));
    while (!offered.complete) {
      const message = await this.#from.control.expect("sources", "failed", "note");
      if (message.type === "sources") offered.add(message);
      else {
        this.#inspect(message, "sender");
        await this.#passOn(this.#to, message);
      }
    }
    const { sources, last: totals } = offered;
    // Before the receiver creates directories for them.
    checkOffered(sources, requested, { recursive, relative });
    const placed = withTargets(sources, requested);
    target.names.reserve(placed);
    this.#names = placed.map(({ name }) => name);
    const { type: _, sources: __, last: ___, ...counts } = totals;
    await sendOffered(this.#to.control, placed, { ...counts, operands: counts.operands + target.others });
    const answer = await this.#to.control.expect("ready", "refused");
    this.#from.control.send(answer);
    if (answer.type === "refused") throw new TargetRefused(answer.failure);
    if (answer.unresumable !== undefined) this.#options.unresumable(answer.unresumable);
    const count = streamsFor(totals, streams, bytesPerSecond);
    for (const { control } of [this.#from, this.#to]) control.send({ type: "streams", count: count.max });
    return { count, totals };
  }

  /** Passes messages on until the receiver has finished. @returns its last message. */
  async run(): Promise<MessageOf<"finished">> {
    const [finish, finished] = await Promise.all([
      this.#pass(this.#from, this.#to, FROM_SENDER, "finish"),
      this.#pass(this.#to, this.#from, FROM_RECEIVER, "finished"),
    ]);
    // The sender compares the totals too, but its messages are no longer read.
    checkTotals(finish, finished);
    return finished;
  }

  /** Waits until the sender has removed its sources. @returns their number. */
  awaitRemoval(): Promise<number> {
    return awaitRemoval(this.#from.control, (message) => this.#inspect(message, "sender"));
  }

  /** Passes messages on up to the last one of a host. @returns the last message. */
  async #pass<T extends MessageType>(
    from: ClientSession,
    to: ClientSession,
    types: readonly MessageType[],
    last: T,
  ): Promise<MessageOf<T>> {
    for (;;) {
      const message = await from.control.expect(...types);
      this.#inspect(message, from === this.#from ? "sender" : "receiver");
      // These messages of the receiver are for the user, not for the sender.
      const isForUser = message.type === "note" || message.type === "checking" || message.type === "deleted";
      if (message.type !== "items" && (!isForUser || from === this.#from)) await this.#passOn(to, message);
      if (message.type === last) return message as MessageOf<T>;
    }
  }

  /** Passes a message on, and waits while that host does not read. */
  async #passOn({ control }: ClientSession, message: MessageOf<MessageType>): Promise<void> {
    control.send(message);
    if (control.waiting > MOST_WAITING) await control.flushed();
  }

  /** Path of the first large file in progress, from the name of its source on; undefined if there is none. */
  get current(): string | undefined {
    return this.#inProgress.values().next().value || undefined;
  }

  #inspect(message: MessageOf<MessageType>, side: Side): void {
    const { emit } = this.#options;
    if (message.type === "open" && this.#inProgress.size < MAX_IN_PROGRESS) {
      // The receiver refuses an unknown source.
      this.#inProgress.set(message.file, shownPath(this.#names[message.root] ?? ".", message.path));
    } else if (message.type === "closed" || message.type === "unopened" || message.type === "drop") {
      this.#inProgress.delete(message.file);
    }
    if (message.type === "totals") {
      emit({ type: "totals", files: message.files, bytes: message.bytes, complete: message.complete });
    } else if (message.type === "checking") emit(message);
    else if (message.type === "note") emit({ type: "note", message: message.message });
    else if (message.type === "failed" || message.type === "unopened") this.#fail(message.failure, side);
    else if (message.type === "planned") message.entries.forEach((entry) => this.planned.add(entry));
    else if (message.type === "items") message.entries.forEach((entry) => emit({ type: "item", ...entry }));
    else if (message.type === "deleted") message.entries.forEach(({ path }) => this.#deleted(path));
    else if (message.type === "closed") {
      this.files++;
      this.doneBytes += message.bytes;
      this.reused += message.reused ?? 0;
    } else if (message.type === "finish") {
      this.finishing = true;
      this.stopped = message.stopped;
    } else if (message.type === "opened") message.kept?.forEach(({ start, end }) => this.kept += end - start);
    else if (message.type === "finished") message.failures.forEach((failure) => this.#fail(failure, side));
  }

  /** Reports the failures in a result. The receiver sends results to the sender only. */
  result(result: Exclude<UnitResult, SignatureResponse>): void {
    const outcomes = "outcomes" in result ? result.outcomes : result.failure ? [result.failure] : [];
    for (const outcome of outcomes) if (typeof outcome !== "number") this.#fail(outcome, "receiver");
  }

  #deleted(path: string): void {
    if (this.#options.dryRun) this.planned.add({ action: "remove", path, bytes: 0 });
    else this.#options.emit({ type: "deleted", path });
  }

  #fail(failure: Failure, side: Side): void {
    // Each range of a file may fail for the same reason.
    if (!this.#reported.add(`${failure.path}\n${failure.message}`)) return;
    this.failed++;
    this.#options.emit(failedEvent(failure, side));
  }
}

/** Maximum number of large files in progress that are remembered. Correct peers have fewer. */
const MAX_IN_PROGRESS = 1024;

const FROM_SENDER: readonly MessageType[] = [
  "items",
  "owners",
  "open",
  "close",
  "drop",
  "totals",
  "failed",
  "note",
  "planned",
  "names",
  "finish",
];
const FROM_RECEIVER: readonly MessageType[] = [
  "opened",
  "unopened",
  "closed",
  "note",
  "checking",
  "deleted",
  "finished",
];
