/** A sender, on either end. */

import { UserError } from "../../errors.ts";
import type { SourceRoot, WalkOptions } from "../../files/engine/source.ts";
import { machineAccounts } from "../../files/stat/accounts.ts";
import { walksLinks } from "../../files/walk/tree_walk.ts";
import { checkCongestion } from "../../native/net/congestion.ts";
import type { ItemizedEntry, MessageOf, PlannedEntry, WireSource } from "../../protocol/control/messages.ts";
import { changedMode } from "../../protocol/control/mode_changes.ts";
import type { Failure } from "../../protocol/failure.ts";
import { MAX_PLAIN_ROOTS, MAX_ROOTS } from "../../protocol/limits.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import { fixedCount, type StreamCount } from "../../session/model/stream_count.ts";
import { TargetRefused } from "../transfer_errors.ts";
import { OwnerNames } from "../../streams/send/owner_names.ts";
// Loaded here, so that the first stream does not wait for it.
import "../../streams/send/open_sender.ts";
import { StreamPool } from "../../streams/run/pool.ts";
import { sharedLimit } from "../../streams/shared_limit.ts";
import type { SendReport } from "../../streams/report.ts";
import type { RangedItem } from "../../streams/unit.ts";
import { batches, MessageBatcher } from "../batches.ts";
import { codecFor } from "../compression.ts";
import { DryRunTotals } from "../dry_run_totals.ts";
import { failedEvent } from "../events.ts";
import { hostIdentity } from "../host_identity.ts";
import { sendOffered } from "../offered_sources.ts";
import { ReportedTexts } from "../reported_texts.ts";
import { StreamGroup } from "../streams/stream_group.ts";
import { SMALL_JOB, streamsFor } from "../streams/stream_policy.ts";
import { checkTotals, type Outcome } from "../totals.ts";
import { toFailure } from "../../streams/failure.ts";
import { MovedSources } from "./moved_sources.ts";
import { ReceiverMessages } from "./receiver_messages.ts";
import { Scheduler } from "./scheduler.ts";
import { type NumberedRoot, type SendOptions, walkOptions } from "./send_options.ts";
import { noteOfExcludedSource } from "./sources/excluded_source.ts";
import { SenderProgress } from "./sender_progress.ts";
import { WalkCount } from "./queues/walk_count.ts";

/** Sends all sources. Counts and reports failed paths. @throws {unknown} The error that ends the transfer. */
export async function send(options: SendOptions): Promise<Outcome> {
  await using sender = new Sender(options);
  await sender.plan();
  const ready = await sender.offerSources();
  const messages = await sender.openStreams(ready);
  await sender.transfer(messages);
  return await sender.compareTotals(messages);
}

/** The transfer of one sender. Its methods are called in the order in which they are declared. */
class Sender implements AsyncDisposable {
  readonly #options: SendOptions;
  readonly #walk: WalkOptions;
  readonly #isClient: boolean;
  readonly #planned: DryRunTotals;
  readonly #plannedMessages: MessageBatcher<PlannedEntry>;
  readonly #itemMessages: MessageBatcher<ItemizedEntry>;
  readonly #scheduler: Scheduler;
  /** Owners of large files, if the receiver maps them. */
  #owners?: OwnerNames;
  /** Undefined: sources stay. */
  readonly #moved?: MovedSources;
  readonly #progress: SenderProgress;
  /** Notes about owners, which each stream reports. */
  readonly #ownerNotes = new ReportedTexts();
  #streams?: StreamGroup;
  #streamCount = 0;
  /** Whether the receiver skips entries. */
  #skips: boolean;
  #compresses = false;

  /** @throws {UserError} for too many sources, or if the system lacks the congestion control. */
  constructor(options: SendOptions) {
    const { session, job: { congestion, comparison }, roots, emit } = options;
    const maxRoots = session.features.includes("lists") ? MAX_ROOTS : MAX_PLAIN_ROOTS;
    if (roots.length > maxRoots) {
      throw new UserError(`Cannot copy ${roots.length} sources at once: the maximum is ${maxRoots}`, {
        hint: "Copy them in several runs",
      });
    }
    if (congestion !== undefined) checkCongestion(congestion);
    this.#options = options;
    this.#walk = walkOptions(options);
    this.#isClient = session.role === "client";
    this.#skips = comparison !== undefined;
    this.#planned = new DryRunTotals(emit);
    this.#plannedMessages = new MessageBatcher((entries) => session.control.send({ type: "planned", entries }));
    this.#itemMessages = new MessageBatcher((entries) => session.control.send({ type: "items", entries }));
    if (options.job.removesSources && !comparison?.dryRun) {
      this.#moved = new MovedSources(options, {
        follow: walksLinks(this.#walk),
        failed: (error) => this.#fail(toFailure(error), "sender"),
        note: (message) => this.#note(message),
      });
    }
    this.#scheduler = this.#createScheduler();
    const open = () =>
      options.machine.files.walk(roots, {
        ...this.#walk,
        xattrs: false,
        acls: false,
        names: undefined,
        tree: undefined,
      });
    const count = options.job.countsAhead ? new WalkCount(open) : undefined;
    const wireBytes = () => this.#compresses ? this.#streams?.pool.wireBytes : undefined;
    this.#progress = new SenderProgress(session, { scheduler: this.#scheduler, count, wireBytes, emit });
  }

  /** Walks the sources until it is known whether the job is small. */
  async plan(): Promise<void> {
    const { job: { comparison, verify }, roots } = this.#options;
    const note = this.#walk.accept && noteOfExcludedSource(roots, this.#walk.accept);
    if (note) this.#note(note);
    await this.#moved?.prepare();
    if (verify) await this.#scheduler.verify();
    if (comparison) await this.#scheduler.compareFirst(comparison);
    await this.#scheduler.lookAhead(SMALL_JOB);
  }

  /** Offers the sources, and waits until the target is ready. @throws {UserError} the receiver's reason to refuse them. */
  async offerSources(): Promise<MessageOf<"ready">> {
    const { session: { control, features }, job, roots, operands } = this.#options;
    const { files, complete, bytes: foundBytes } = this.#scheduler.found;
    // The sizes of root files are known before the walk reaches them.
    const bytes = Math.max(foundBytes, job.hardlinks || job.select || job.shard ? 0 : sizeOf(roots));
    const host = await hostIdentity(job.salt);
    await sendOffered(control, roots.map(wireSource), { operands, host, files, bytes, complete });
    const answer = await control.expect("ready", "refused");
    if (answer.type === "refused") throw new TargetRefused(answer.failure);
    this.#options.placed?.(answer.renamed ?? false);
    if (answer.unresumable !== undefined) this.#options.unresumable?.(answer.unresumable);
    // A comparison that the user requested finds the files of an earlier run, too.
    if (answer.remembers && !job.comparison && features.includes("rerun")) {
      this.#skips = true;
      await this.#scheduler.recall();
    }
    return answer;
  }

  /** Agrees on the number of streams, opens the first, and starts to read the receiver's messages. */
  async openStreams(
    { codecs = [], borrows = false, owners, pieces = false }: MessageOf<"ready">,
  ): Promise<ReceiverMessages> {
    const { session, machine, job, emit } = this.#options;
    const codec = job.compress ? await codecFor(codecs, session.engine.name) : undefined;
    this.#compresses = codec !== undefined;
    const count = await this.#agreeOnStreams();
    this.#scheduler.streams = count.max;
    const offersLocalCopy = job.lends !== undefined && borrows;
    this.#scheduler.offersLocalCopy = offersLocalCopy;
    this.#scheduler.pieces = pieces && !machine.files.dummy;
    if (this.#isClient) session.control.send({ type: "streams", count: count.max });
    const ownerNames = owners === true && job.preserve && !job.numericIds;
    const listNames = ownerNames && job.acls && session.features.includes("acl-owners");
    if (ownerNames) {
      const note = (text: string) => this.#noteOwners(text);
      this.#owners = new OwnerNames(machineAccounts(), { namesLists: listNames, note });
    }
    const pool = this.#createPool({ streams: count.max, codec, offersLocalCopy, ownerNames, listNames });
    this.#streams = new StreamGroup({
      session,
      pool,
      streamBroke: (stream) => this.#scheduler.streamBroke(stream),
      finished: () => this.#scheduler.finished,
    });
    const messages = new ReceiverMessages(this.#options, this.#scheduler, ({ path }) => this.#deleted(path));
    this.#streamCount = await messages.during(this.#streams.run(count));
    const orFewer = this.#isClient ? undefined : true;
    emit({ type: "connected", streams: this.#streamCount, orFewer, engine: session.engine.name });
    return messages;
  }

  /** Runs the streams until the receiver has confirmed everything. @throws {TransferLost} if all streams broke. */
  async transfer(messages: ReceiverMessages): Promise<void> {
    const { control } = this.#options.session;
    this.#progress.start();
    await messages.during(this.#streams!.allEnded());
    if (!this.#scheduler.finished) throw await messages.during(this.#streams!.losses.allBroken(control.corrupt));
    this.#progress[Symbol.dispose]();
  }

  /** Exchanges totals with the receiver. @throws {UserError} if they differ. */
  async compareTotals({ finished: receiverFinished }: ReceiverMessages): Promise<Outcome> {
    const { session: { control }, job, notFound, emit } = this.#options;
    const { comparison, verify, compress } = job;
    const { done, skipped: { files: skipped }, verified: verifiedFiles, kept, matched, reused } = this.#scheduler;
    const verified = verify ? verifiedFiles : undefined;
    const tree = this.#walk.tree?.result();
    // Nothing is deleted after a walk that saw another tree than the shards.
    const isOtherTree = tree !== undefined && this.#options.shards?.walked(tree) === false;
    const incomplete = this.#scheduler.failed + notFound > 0 || isOtherTree || undefined;
    const stopped = this.#scheduler.stopped || undefined;
    this.#plannedMessages.flush();
    this.#itemMessages.flush();
    control.send({
      type: "finish",
      ...done,
      skipped: this.#skips ? skipped : undefined,
      verified,
      incomplete,
      stopped,
      tree,
    });
    const finished = await receiverFinished;
    for (const failure of finished.failures) this.#fail(failure, "receiver");
    checkTotals({ ...done, skipped, verified }, finished);
    const removed = await this.#moved?.run({ isComplete: finished.failures.length === 0 });
    const streams = this.#streams!;
    const lost = this.#isClient ? streams.losses.note(control.corrupt) : undefined;
    if (lost) emit({ type: "note", message: lost });
    const { files, bytes } = comparison?.dryRun ? this.#planned : done;
    return {
      files,
      bytes,
      failed: this.#scheduler.failed + notFound + finished.failures.length + (this.#moved?.failures ?? 0),
      skipped,
      verified,
      stopped,
      deleted: job.deletes ? finished.deleted ?? 0 : undefined,
      removedSources: removed,
      dryRun: comparison?.dryRun,
      streams: this.#isClient ? this.#streamCount : streams.peak,
      resumed: kept + matched,
      reused: reused || undefined,
      wireBytes: compress || reused > 0 ? streams.pool.wireBytes : undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#scheduler.close();
    await this.#streams?.close();
    // Reports what a lost session has done.
    this.#progress[Symbol.dispose]();
  }

  #createScheduler(): Scheduler {
    const { session: { control, features }, machine: { files }, job, roots, listing, streams, emit } = this.#options;
    return new Scheduler(files.walk(roots, this.#walk), {
      send: (message) => control.send(message),
      sendOwners: (item) => this.#sendOwners(item),
      rootName: (root) => roots[root].name,
      failed: (failure, side) => this.#fail(failure, side),
      listing,
      shards: this.#options.shards,
      confirmed: this.#moved?.confirmed,
      itemized: (entry) => {
        if (this.#isClient) emit({ type: "item", ...entry });
        else this.#itemMessages.add(entry);
      },
      note: (message) => this.#note(message),
      planned: (entry) => {
        this.#plan(entry);
        if (job.removesSources && isCopy(entry)) this.#plan({ action: "unlink", path: entry.path, bytes: 0 });
      },
      // Wait while the client does not read, so that unsent messages do not fill the memory.
      turn: this.#isClient && !job.deletes
        ? undefined
        : () => control.waiting > MOST_WAITING ? control.flushed() : undefined,
    }, {
      streams: streams.max,
      blockBytes: job.blockBytes,
      sparse: job.sparse,
      preserve: job.preserve,
      inputMode: changedMode(0o666, false, job.chmod ?? []),
      // The null engine sends synthetic contents, which a later copy must not resume.
      resume: job.resume && !files.dummy,
      digests: listing !== undefined,
      delta: job.delta && features.includes("delta") && !files.dummy,
    });
  }

  /** Returns the number of streams: the client decides. */
  async #agreeOnStreams(): Promise<StreamCount> {
    const { session: { control }, job: { bytesPerSecond }, roots, streams } = this.#options;
    if (!this.#isClient) return fixedCount((await control.expect("streams")).count);
    // Standard input has one reader, in the main thread.
    const requested = roots.some(({ kind }) => kind === "input") ? fixedCount(1) : streams;
    return streamsFor(this.#scheduler.found, requested, bytesPerSecond);
  }

  #createPool(
    { streams, codec, ...shared }: {
      streams: number;
      codec: Awaited<ReturnType<typeof codecFor>>;
      offersLocalCopy: boolean;
      ownerNames: boolean;
      listNames: boolean;
    },
  ): StreamPool {
    const { session, machine: { files, workers }, job, roots, listing } = this.#options;
    return new StreamPool(
      {
        role: {
          type: "send",
          roots,
          preserve: job.preserve,
          chmod: job.chmod,
          follow: walksLinks(this.#walk),
          sparse: job.sparse,
          ...shared,
          codec,
          keepsContents: job.verify || listing !== undefined,
        },
        cipherEngine: session.engine.name,
        fileEngine: files.name,
        dummy: files.dummy,
        blockBytes: job.blockBytes,
        limit: job.bytesPerSecond > 0 ? sharedLimit(job.bytesPerSecond) : undefined,
        congestion: job.congestion,
        idleTimeoutMs: job.timeoutMs,
      },
      {
        next: (stream) => this.#scheduler.next(stream),
        partial: () => Promise.reject(new Error("A sender has no partial files")),
        report: (_, report) => this.#scheduler.report(report as SendReport),
        written: (stream, bytes) => this.#progress.setWritten(stream, bytes),
        note: (text) => this.#noteOwners(text),
      },
      workers(streams, { busy: this.#compresses }),
    );
  }

  /** Reports an entry that the receiver has deleted, or would delete in a dry run. */
  #deleted(path: string): void {
    const { job: { comparison }, emit } = this.#options;
    if (comparison?.dryRun) this.#planned.add({ action: "remove", path, bytes: 0 });
    else emit({ type: "deleted", path });
  }

  /** Sends the names of the owners of a large file that the receiver does not know yet. */
  #sendOwners(item: RangedItem): Promise<void> | undefined {
    const { control } = this.#options.session;
    return this.#owners?.ofFile(item)?.then((names) => {
      for (const owners of batches(names, (owner) => JSON.stringify(owner).length)) {
        control.send({ type: "owners", owners });
      }
    });
  }

  #noteOwners(message: string): void {
    if (this.#ownerNotes.add(message)) this.#note(message);
  }

  #plan(entry: PlannedEntry): void {
    this.#planned.add(entry);
    if (!this.#isClient) this.#plannedMessages.add(entry);
  }

  #note(message: string): void {
    const { session: { control }, emit } = this.#options;
    emit({ type: "note", message });
    if (!this.#isClient) control.send({ type: "note", message });
  }

  #fail(failure: Failure, side: "sender" | "receiver"): void {
    const { session, emit } = this.#options;
    emit(failedEvent(failure, side));
    if (!this.#isClient && side === "sender") session.control.send({ type: "failed", failure });
  }
}

/** Returns whether an entry is a file or link that the target has after the copy. */
function isCopy({ action, path }: PlannedEntry): boolean {
  return (action === "send" || action === "replace" || action === "skip") && !path.endsWith("/");
}

/** Returns the bytes of the roots that are files. */
function sizeOf(roots: readonly SourceRoot[]): number {
  let sum = 0;
  for (const { size } of roots) sum += size;
  return sum;
}

function wireSource({ operand, name, kind, identity: { dev, inode }, trees, target }: NumberedRoot): WireSource {
  return { operand, name, kind, dev, inode, trees: trees?.map(({ dev, inode }) => ({ dev, inode })), target };
}
