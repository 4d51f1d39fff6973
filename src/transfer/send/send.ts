/** The sender's story, on whichever end: say what will come, send it, and compare the totals. */

import { UserError } from "../../errors.ts";
import { checkCongestion } from "../../native/net/congestion.ts";
import { MAX_PLAIN_ROOTS, MAX_ROOTS } from "../../protocol/limits.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import type { SourceRoot, WalkOptions } from "../../files/engine/source.ts";
import { walksLinks } from "../../files/walk/tree_walk.ts";
import type { Comparison } from "../../protocol/data/compare.ts";
import type { MessageOf, PlannedEntry, WireSource } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import { MOST_WAITING } from "../../session/model/control_channel.ts";
import type { Session } from "../../session/model/session.ts";
import { fixedCount, type StreamCount } from "../../session/model/stream_count.ts";
import { toError } from "../../streams/failure.ts";
import { sharedLimit } from "../../streams/shared_limit.ts";
import { StreamPool } from "../../streams/run/pool.ts";
import { codecFor } from "../compression.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import { failedEvent, type TransferEvent } from "../events.ts";
import { announce } from "./announce.ts";
import { hostIdentity } from "../host_identity.ts";
import type { Machine } from "../machine.ts";
import { MessageBatcher } from "./message_batcher.ts";
import { DryRunTotals } from "../receive/dry_run_totals.ts";
import { Scheduler } from "./scheduler.ts";
import { SenderProgress } from "./sender_progress.ts";
import { SMALL_JOB, streamsFor } from "../stream_policy.ts";
import { StreamGroup } from "../stream_group.ts";
import { checkTotals } from "../totals.ts";

/** A source root and the operand that named it. */
export interface NumberedRoot extends SourceRoot {
  operand: number;
  /** The target of this root alone. */
  target?: string;
}

/** What a sender works with. */
export interface SendOptions {
  session: Session;
  files: FileEngine;
  roots: NumberedRoot[];
  /** Of the job. */
  salt: string;
  /** How many operands the user named. */
  operands: number;
  /** Number of operands that could not be found or copied. Each failure was reported already. */
  notFound: number;
  walk: WalkOptions;
  /** Holes are sent as such. */
  sparse: boolean;
  /** Receives the files in place and their digests; undefined: no digests are taken. */
  listing?: CopyListing;
  /** Hears whether the target is the name of the only root, and not the directory that it is put into. */
  placed?: (renamed: boolean) => void;
  /** What is written is read again and compared. */
  verify: boolean;
  /** What the receiver is asked before anything is sent; undefined: everything is sent. */
  comparison?: Comparison;
  /** How many streams; on the remote end the client says it. */
  streams: StreamCount;
  workers: Machine["workers"];
  blockBytes: number;
  /** Whether to compress, as far as the receiver can take it. */
  compress: boolean;
  /** Whether the receiver, on this machine, may copy files by itself. Default false. */
  lends?: boolean;
  /** Whether the receiver may continue what an earlier copy has left. */
  resume: boolean;
  /** Hears why the receiver cannot resume anything of this copy. */
  unresumable?: (why: string) => void;
  /** Most bytes a second over all streams; 0: as fast as it goes. */
  bytesPerSecond: number;
  /** Congestion control of the streams. */
  congestion?: string;
  idleTimeoutMs: number;
  /** Hears of everything; on the remote end the client is told instead. */
  emit: (event: TransferEvent) => void;
}

/** What a transfer came to. */
export interface Outcome {
  files: number;
  bytes: number;
  failed: number;
  skipped: number;
  /** Where it was asked for: files and links that were read again and are what they should be. */
  verified?: number;
  /** `files` and `bytes` are what would be copied. */
  dryRun?: boolean;
  streams: number;
  /** Where compression was asked for: bytes that the data connections carried to the receiver, frames and all. */
  wireBytes?: number;
  /** Of the bytes those that an earlier copy had left there; left out: none. */
  resumed?: number;
}

/** Sends everything. @throws what ends the whole transfer. */
export async function send(options: SendOptions): Promise<Outcome> {
  const { session, emit, roots } = options;
  const { control } = session;
  const isClient = session.role === "client";
  const most = session.features.includes("lists") ? MAX_ROOTS : MAX_PLAIN_ROOTS;
  if (roots.length > most) {
    throw new UserError(`Cannot copy more than ${most} sources at once: these are ${roots.length}`);
  }
  if (options.congestion !== undefined) checkCongestion(options.congestion);
  const fail = (failure: Failure, side: "sender" | "receiver") => {
    emit(failedEvent(failure));
    if (!isClient && side === "sender") control.send({ type: "failed", failure });
  };
  const planned = new DryRunTotals(emit);
  const messages = new MessageBatcher<PlannedEntry>((entries) => control.send({ type: "planned", entries }));
  const scheduler = new Scheduler(options.files.walk(roots, options.walk), {
    send: (message) => control.send(message),
    rootName: (root) => roots[root].name,
    failed: fail,
    listing: options.listing,
    note: (message) => {
      emit({ type: "note", message });
      if (!isClient) control.send({ type: "note", message });
    },
    planned: (entry) => {
      planned.add(entry);
      if (!isClient) messages.add(entry);
    },
    // Wait while the client does not read, so that unsent messages do not fill the memory.
    turn: isClient ? undefined : () => control.waiting > MOST_WAITING ? control.flushed() : undefined,
  }, {
    streams: options.streams.max,
    blockBytes: options.blockBytes,
    sparse: options.sparse,
    // What a dummy sends is not what the file holds: no later copy may go on with it.
    resume: options.resume && !options.files.dummy,
    digests: options.listing !== undefined,
  });
  const progress = new SenderProgress(session, scheduler, emit);
  const started: { streamGroup?: StreamGroup } = {};
  try {
    const { comparison } = options;
    if (comparison) await scheduler.askFirst(comparison);
    if (options.verify) await scheduler.verify();
    await scheduler.lookAhead(SMALL_JOB);
    const { files, complete } = scheduler.found;
    const bytes = Math.max(scheduler.found.bytes, options.walk.hardlinks ? 0 : sizeOf(roots));
    const host = await hostIdentity(options.salt);
    const { operands } = options;
    await announce(control, roots.map(wireSource), { operands, host, files, bytes, complete });
    const answer = await control.expect("ready", "refused");
    if (answer.type === "refused") throw toError(answer.failure);
    options.placed?.(answer.renamed ?? false);
    if (answer.unresumable !== undefined) options.unresumable?.(answer.unresumable);
    // What it asks for by itself is asked already.
    const recalls = (answer.remembers ?? false) && !comparison && session.features.includes("rerun");
    if (recalls) await scheduler.recall();
    const codec = options.compress ? await codecFor(answer.codecs ?? [], session.engine.name) : undefined;
    // One reader, one stream, in the thread that has standard input.
    const wanted = roots.some(({ kind }) => kind === "input") ? fixedCount(1) : options.streams;
    const count = isClient
      ? streamsFor(scheduler.found, wanted, options.bytesPerSecond)
      : fixedCount((await control.expect("streams")).count);
    scheduler.streams = count.max;
    const lends = (options.lends ?? false) && (answer.borrows ?? false);
    scheduler.lends = lends;
    if (isClient) control.send({ type: "streams", count: count.max });
    const streamGroup = new StreamGroup({
      session,
      pool: new StreamPool(
        {
          role: {
            type: "send",
            roots,
            preserve: options.walk.preserve ?? false,
            follow: walksLinks(options.walk),
            sparse: options.sparse,
            lends,
            codec,
            keepsContents: options.verify || options.listing !== undefined,
          },
          cipherEngine: session.engine.name,
          fileEngine: options.files.name,
          dummy: options.files.dummy,
          blockBytes: options.blockBytes,
          limit: options.bytesPerSecond > 0 ? sharedLimit(options.bytesPerSecond) : undefined,
          congestion: options.congestion,
          idleTimeoutMs: options.idleTimeoutMs,
        },
        {
          next: (stream) => scheduler.next(stream),
          partial: () => Promise.reject(new Error("A sender has no partial files")),
          report: (_, report) => scheduler.report(report as Parameters<Scheduler["report"]>[0]),
          written: (stream, bytes) => progress.written(stream, bytes),
        },
        options.workers(count.max, { busy: codec !== undefined }),
      ),
      streamBroke: (stream) => scheduler.streamBroke(stream),
      finished: () => scheduler.finished,
    });
    started.streamGroup = streamGroup;
    const conversation = converse(options, scheduler);
    const streams = await Promise.race([streamGroup.run(count), conversation.over]);
    emit({ type: "connected", streams, ...(isClient ? {} : { orFewer: true }), engine: session.engine.name });
    progress.start();
    await Promise.race([streamGroup.allEnded(), conversation.over]);
    if (!scheduler.finished) throw streamGroup.losses.allBroken(control.corrupt);
    progress.stop();
    messages.flush();
    const skipped = scheduler.skipped.files;
    const verified = options.verify ? { verified: scheduler.verified } : {};
    const incomplete = scheduler.failed + options.notFound > 0;
    const more = { ...(comparison || recalls ? { skipped } : {}), ...verified, ...(incomplete ? { incomplete } : {}) };
    control.send({ type: "finish", ...scheduler.done, ...more });
    const finished = await conversation.finished;
    for (const failure of finished.failures) fail(failure, "receiver");
    const failed = scheduler.failed + options.notFound + finished.failures.length;
    checkTotals({ ...scheduler.done, skipped, ...verified }, finished);
    const lost = isClient ? streamGroup.losses.note(control.corrupt) : undefined;
    if (lost) emit({ type: "note", message: lost });
    const { files: sent, bytes: size } = comparison?.dryRun ? planned : scheduler.done;
    const wireBytes = options.compress ? streamGroup.pool.wireBytes : undefined;
    const resumed = scheduler.kept + scheduler.matched;
    return {
      files: sent,
      bytes: size,
      failed,
      skipped,
      ...verified,
      dryRun: comparison?.dryRun,
      streams: isClient ? streams : streamGroup.peak,
      resumed,
      wireBytes,
    };
  } finally {
    progress.stop();
    scheduler.close();
    await started.streamGroup?.close();
  }
}

/** Takes the receiver's messages until it says that it has finished. */
function converse(options: SendOptions, scheduler: Scheduler) {
  const { control, features } = options.session;
  const types = [
    "opened",
    "unopened",
    "closed",
    "finished",
    ...(features.includes("notes") ? ["note"] as const : []),
  ] as const;
  const finished = Promise.withResolvers<MessageOf<"finished">>();
  const loop = async () => {
    for (;;) {
      const message = await control.expect(...types);
      if (message.type === "finished") return finished.resolve(message);
      if (message.type === "note") options.emit(message);
      else scheduler.answer(message);
    }
  };
  const over = loop().then(() => new Promise<never>(() => {}));
  // It is awaited together with the streams; until then its failure must not be an unhandled one.
  over.catch(() => {});
  const last = Promise.race([finished.promise, over]);
  last.catch(() => {});
  return { over, finished: last };
}

/** Bytes of the roots that are files: known before the walk comes to them. */
function sizeOf(roots: readonly SourceRoot[]): number {
  let sum = 0;
  for (const { size } of roots) sum += size;
  return sum;
}

function wireSource(root: NumberedRoot): WireSource {
  const { operand, name, kind, identity, target } = root;
  return { operand, name, kind, dev: identity.dev, inode: identity.inode, ...(target === undefined ? {} : { target }) };
}
