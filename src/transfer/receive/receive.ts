/** A receiver, on either end. */

import type { TargetRoot } from "../../files/engine/target_root.ts";
import { HeldDirectories } from "../../files/target/held_directories.ts";
import { isRenamed } from "../../files/target/plan/plan.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import { cutText, grouped } from "../../protocol/control/texts.ts";
import { MAX_REASON_TEXT } from "../../protocol/limits.ts";
import { fixedCount, type StreamCount } from "../../session/model/stream_count.ts";
import type { CodecName } from "../../protocol/codec_names.ts";
import type { FixedOwner } from "../../streams/receive/owner_map.ts";
import { awaitRemoval } from "../await_removal.ts";
import { batches } from "../batches.ts";
import { codecsFor } from "../compression.ts";
import { DryRunTotals } from "../dry_run_totals.ts";
import { failedEvent } from "../events.ts";
import { hostIdentity } from "../host_identity.ts";
import { OfferedSources } from "../offered_sources.ts";
import { streamsFor } from "../streams/stream_policy.ts";
import { checkTotals, type Outcome } from "../totals.ts";
import type { Deletion } from "./deletion.ts";
import { acceptsPieces } from "./accepts_pieces.ts";
import { fixedOwner } from "./fixed_owner.ts";
import { noteUser } from "./note_user.ts";
import { type Offer, planTarget } from "./plan_target.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import { ResumeRecord } from "./resume_record.ts";
// Loaded here, so that the first stream does not wait for it.
import "../../streams/receive/open_receiver.ts";
import { TargetFiles } from "./target_files.ts";

/** Receives all sources. Counts and reports failed paths. @throws {unknown} The error that ends the transfer. */
export async function receive(options: ReceiveOptions): Promise<Outcome> {
  await using receiver = new Receiver(options);
  const offer = await receiver.receiveOffer();
  const roots = await receiver.planTarget(offer);
  const count = await receiver.acceptOffer(offer, roots);
  const finishing = await receiver.openStreams(offer, roots, count);
  const finish = await receiver.transfer(finishing, count);
  return await receiver.compareTotals(finish);
}

/** The transfer of one receiver. Its methods are called in the order in which they are declared. */
class Receiver implements AsyncDisposable {
  readonly #options: ReceiveOptions;
  readonly #isClient: boolean;
  readonly #planned: DryRunTotals;
  #record?: ResumeRecord;
  #held?: HeldDirectories;
  #owner?: FixedOwner;
  #deletion?: Deletion;
  #target?: TargetFiles;
  /** Notes of the plan, which the sender accepts only after "ready". */
  readonly #notes: string[] = [];
  #streamCount = 0;
  #acceptsPieces = false;
  /** Codecs that the sender may use. */
  #codecs: readonly CodecName[] = [];
  /** Number of paths that failed at the sender. */
  #senderFailures = 0;

  constructor(options: ReceiveOptions) {
    this.#options = options;
    this.#isClient = options.session.role === "client";
    this.#planned = new DryRunTotals(options.emit);
  }

  /** Receives the sender's sources, and checks them. @throws {ProtocolError | UserError} */
  async receiveOffer(): Promise<Offer> {
    const { session: { control }, maxSources, acceptSources, job, others } = this.#options;
    const offered = new OfferedSources(maxSources);
    while (!offered.complete) {
      const message = await control.expect("sources", "failed", "note");
      if (message.type === "sources") offered.add(message);
      else this.#handleReport(message);
    }
    const totals = offered.last;
    const sources = acceptSources(offered.sources);
    const sameHost = totals.host === await hostIdentity(job.salt);
    return { sources, operands: totals.operands + others, sameHost, totals };
  }

  /** Finds the record of an earlier run, and plans the target. @throws {UserError} if the target cannot be written. */
  async planTarget(offer: Offer): Promise<TargetRoot[]> {
    this.#owner = await fixedOwner(this.#options, (note) => this.#notes.push(note));
    this.#record = await ResumeRecord.find(this.#options, offer.sources);
    const roots = await planTarget(this.#options, offer, this.#record, (note) => this.#notes.push(note));
    this.#held = new HeldDirectories(this.#options.machine.files, roots);
    if (this.#options.job.deletes) await this.#createDeletion(offer, roots);
    return roots;
  }

  /** Notifies the sender that the target is ready, and agrees on the number of streams, which the client chooses. */
  async acceptOffer({ sameHost, totals }: Offer, roots: TargetRoot[]): Promise<StreamCount> {
    const { session: { control, features, engine }, job, target, localCopyPid, streams, toOutput } = this.#options;
    const record = this.#record!;
    if (job.compress) this.#codecs = await codecsFor(engine.name);
    this.#acceptsPieces = acceptsPieces(this.#options, roots, record.records);
    const renamed = roots.length > 0 && isRenamed(roots, target, { ...this.#options, sameHost });
    this.#options.placed?.(renamed);
    const unresumable = record.problem && cutText(record.problem, MAX_REASON_TEXT);
    if (unresumable !== undefined) this.#options.unresumable?.(unresumable);
    control.send({
      type: "ready",
      codecs: this.#codecs.length > 0 ? [...this.#codecs] : undefined,
      renamed: renamed && !this.#isClient && features.includes("manifest") || undefined,
      borrows: localCopyPid !== undefined || undefined,
      remembers: record.continues || undefined,
      owners: this.#mapsOwners || undefined,
      pieces: this.#acceptsPieces || undefined,
      unresumable,
    });
    if (!this.#isClient) return fixedCount((await control.expect("streams")).count);
    const count = streamsFor(totals, toOutput ? fixedCount(1) : streams, job.bytesPerSecond);
    control.send({ type: "streams", count: count.max });
    return count;
  }

  /** Opens the first stream, and starts to read the sender's messages. @returns a promise of the last message. */
  async openStreams(
    { sources, totals: { files, bytes, complete } }: Offer,
    roots: TargetRoot[],
    count: StreamCount,
  ): Promise<{ last: Promise<MessageOf<"finish">> }> {
    const { session, job, emit } = this.#options;
    const sourceNames = sources.map(({ name }) => name);
    const shared = {
      streams: count.max,
      codecs: this.#codecs,
      record: this.#record,
      deletion: this.#deletion,
      sourceNames,
      chmod: job.chmod,
      owner: this.#owner,
      pieces: this.#acceptsPieces,
      mapsOwners: this.#mapsOwners,
      mapsLists: this.#mapsOwners && job.acls && session.features.includes("acl-owners"),
    };
    this.#target = new TargetFiles(this.#options, roots, shared);
    for (const note of this.#notes.splice(0)) noteUser(this.#options, note);
    emit({ type: "totals", files, bytes, complete });
    const last = this.#handleMessages(this.#target);
    const { streamGroup } = this.#target;
    // The sender may finish before a stream is open, if there is nothing to send.
    this.#streamCount = await Promise.race([streamGroup.run(count), last.then(() => streamGroup.peak)]);
    const orFewer = this.#isClient ? undefined : true;
    emit({ type: "connected", streams: this.#streamCount, orFewer, engine: session.engine.name });
    return { last };
  }

  /** Writes files until the sender has sent its last message and all streams have ended. */
  async transfer({ last }: { last: Promise<MessageOf<"finish">> }, count: StreamCount): Promise<MessageOf<"finish">> {
    const target = this.#target!;
    const { streamGroup } = target;
    target.startProgress();
    const finish = await Promise.race([
      last,
      streamGroup.allEnded().then(async () => {
        // Unless all streams broke, the sender's last message is in transit.
        if (count.max > 0 && streamGroup.clean === 0) throw await streamGroup.losses.allBroken();
        return last;
      }),
    ]);
    target.finishing = true;
    streamGroup.check();
    await streamGroup.allEnded();
    return finish;
  }

  /** Finishes the directories, and exchanges totals with the sender. @throws {UserError} if they differ. */
  async compareTotals(finish: MessageOf<"finish">): Promise<Outcome> {
    const { session: { control }, job: { comparison, verify, removesSources }, emit } = this.#options;
    const target = this.#target!;
    const record = this.#record!;
    const { stopped, tree } = finish;
    const isOtherTree = tree !== undefined && this.#options.shards?.walked(tree) === false;
    const incomplete = finish.incomplete || isOtherTree;
    const failed = incomplete || target.failures + this.#senderFailures > 0;
    const deletionFailures = await this.#deletion?.run(target, { failed, stopped }) ?? [];
    const failures = await target.finish();
    const isComplete = target.failures === 0 && failures.length + deletionFailures.length === 0 && !incomplete;
    const { files, bytes, skipped } = target.done;
    const verified = verify ? target.done.verified : undefined;
    failures.unshift(...deletionFailures);
    control.send({
      type: "finished",
      files,
      bytes,
      skipped: comparison || record.continues ? skipped : undefined,
      verified,
      deleted: this.#deletion?.count,
      failures: fittingFailures(failures),
    });
    for (const failure of failures) target.fail(failure);
    checkTotals(target.done, finish);
    const removedSources = this.#isClient && removesSources && !comparison?.dryRun
      ? await awaitRemoval(control, (message) => this.#handleReport(message))
      : undefined;
    // The next run of a lost session finds the directories of this one by the record.
    if (isComplete) {
      record.complete();
      await target.complete();
    }
    const { streamGroup } = target;
    const lost = this.#isClient ? streamGroup.losses.note(control.corrupt) : undefined;
    if (lost) emit({ type: "note", message: lost });
    const dryRun = comparison?.dryRun;
    const copied = dryRun ? this.#planned : target.done;
    return {
      files: copied.files,
      bytes: copied.bytes,
      failed: target.failures + this.#senderFailures,
      skipped,
      verified,
      deleted: this.#deletion?.count,
      removedSources,
      stopped,
      dryRun,
      streams: this.#isClient ? this.#streamCount : streamGroup.peak,
      resumed: target.kept + target.matched,
      reused: target.reused || undefined,
      wireBytes: this.#codecs.length > 0 || target.reused > 0 ? streamGroup.pool.wireBytes : undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target?.close();
    this.#record?.close();
    this.#held?.close();
  }

  async #createDeletion(offer: Offer, roots: readonly TargetRoot[]): Promise<void> {
    const { job: { comparison }, emit } = this.#options;
    const { Deletion } = await import("./deletion.ts");
    this.#deletion = new Deletion(this.#options, offer, roots, (path) => {
      if (comparison?.dryRun) this.#planned.add({ action: "remove", path, bytes: 0 });
      else emit({ type: "deleted", path });
    });
  }

  /** Handles the sender's messages. @returns the last one. */
  async #handleMessages(target: TargetFiles): Promise<MessageOf<"finish">> {
    const { session: { control }, job: { comparison }, emit } = this.#options;
    for (;;) {
      const message = await control.expect(
        "open",
        "close",
        "drop",
        "totals",
        "failed",
        "note",
        "planned",
        ...this.#listing,
        "finish",
      );
      switch (message.type) {
        case "open":
          target.open(message);
          break;
        case "close":
          target.finishFile(message);
          break;
        case "drop":
          target.drop(message.file);
          break;
        case "totals":
          emit({ type: "totals", files: message.files, bytes: message.bytes, complete: message.complete });
          break;
        case "planned":
          if (comparison?.dryRun) message.entries.forEach((entry) => this.#planned.add(entry));
          break;
        case "items":
          message.entries.forEach((entry) => emit({ type: "item", ...entry }));
          break;
        case "owners":
          target.addOwners(message.owners);
          break;
        case "names":
          this.#deletion!.add(message);
          break;
        case "finish":
          return message;
        default:
          this.#handleReport(message);
      }
    }
  }

  /** Messages about names, if the receiver needs them. */
  get #listing(): readonly ("names" | "owners" | "items")[] {
    const isItemized = this.#isClient && this.#options.job.itemize === true;
    const expected = [[this.#deletion, "names"], [this.#mapsOwners, "owners"], [isItemized, "items"]] as const;
    return expected.flatMap(([isExpected, type]) => isExpected ? [type] : []);
  }

  /** Whether owners are mapped by their names. */
  get #mapsOwners(): boolean {
    const { session: { features }, job: { preserve, numericIds = false } } = this.#options;
    return preserve && !numericIds && features.includes("owners");
  }

  /** Reports a failure or note of the sender immediately, so that many of them do not fill the memory. */
  #handleReport(message: MessageOf<"failed" | "note">): void {
    const { emit } = this.#options;
    if (message.type === "note") return emit({ type: "note", message: message.message });
    this.#senderFailures++;
    emit(failedEvent(message.failure, "sender"));
  }
}

/** Returns the failures that fit into one message, and one for the number of others. */
function fittingFailures(failures: Failure[]): Failure[] {
  const [fitting = []] = batches(failures, (failure) => JSON.stringify(failure).length);
  const left = failures.length - fitting.length;
  if (left === 0) return fitting;
  const message = `Cannot finish ${grouped(left)} more entries`;
  return [...fitting, { code: "", path: "", message, hint: "" }];
}
