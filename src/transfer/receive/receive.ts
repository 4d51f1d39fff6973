/** The receiver's story, on whichever end: plan the target, write what comes, and compare the totals. */

import { quotePath, UserError } from "../../errors.ts";
import type { PathCalls } from "../../files/engine/engine.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { HeldDirectories } from "../../files/target/held_directories.ts";
import { STANDARD_OUTPUT } from "../../files/target/name.ts";
import { isRenamed, makeDirectories, type PlannedSource, planTargets } from "../../files/target/plan.ts";
import { MAX_HINT_TEXT, MAX_MESSAGE_TEXT, MAX_REASON_TEXT } from "../../protocol/limits.ts";
import type { MessageOf, WireSource } from "../../protocol/control/messages.ts";
import type { Failure } from "../../protocol/failure.ts";
import { cutText, grouped } from "../../protocol/control/texts.ts";
import { fixedCount } from "../../session/model/stream_count.ts";
import { batches } from "../batches.ts";
import { dummyRoot } from "../dummy_files.ts";
import { failedEvent } from "../events.ts";
import { hostIdentity } from "../host_identity.ts";
import { OfferedSources } from "../client/offered_sources.ts";
import { DryRunTotals } from "./dry_run_totals.ts";
import type { Outcome } from "../send/send.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import { ResumeRecord } from "./resume_record.ts";
import { streamsFor } from "../stream_policy.ts";
import { checkSpace } from "./target_space.ts";
import { TargetFiles } from "./target_files.ts";
import { checkTotals } from "../totals.ts";

/** Receives everything. @throws what ends the whole transfer. */
export async function receive(options: ReceiveOptions): Promise<Outcome> {
  const { session, emit } = options;
  const { control } = session;
  const sender = { failed: 0 };
  // At once: a sender that goes on with it must not fill the memory.
  const senderFailed = (failure: Failure) => {
    sender.failed++;
    emit(failedEvent(failure));
  };
  const offered = new OfferedSources(options.mostSources);
  while (!offered.complete) {
    const message = await control.expect("sources", "failed", "note");
    if (message.type === "sources") offered.add(message);
    else if (message.type === "failed") senderFailed(message.failure);
    else emit({ type: "note", message: message.message });
  }
  const announced = offered.last;
  const sources = options.acceptSources(offered.sources);
  const sameHost = announced.host === await hostIdentity(options.salt);
  const operands = announced.operands + options.others;
  const memory = await ResumeRecord.find(options, sources);
  let held: HeldDirectories | undefined;
  try {
    const roots = await plan(options, sources, { operands, sameHost, announced, memory });
    held = new HeldDirectories(options.files, roots);
    return await receiveInto(options, { roots, memory, announced, sender, senderFailed, sameHost });
  } finally {
    memory.close();
    held?.close();
  }
}

/** What is known when the target is planned. */
interface Prepared {
  roots: TargetRoot[];
  memory: ResumeRecord;
  announced: MessageOf<"sources">;
  /** Paths that failed at the sender so far. */
  sender: { failed: number };
  /** Counts and tells one more. */
  senderFailed: (failure: Failure) => void;
  sameHost: boolean;
}

async function receiveInto(options: ReceiveOptions, prepared: Prepared): Promise<Outcome> {
  const { session, emit } = options;
  const { control } = session;
  const { roots, memory, announced, sender, senderFailed, sameHost } = prepared;
  const isClient = session.role === "client";
  const codecs = options.codecs.length > 0 ? { codecs: [...options.codecs] } : {};
  const renamed = roots.length > 0 && isRenamed(roots, options.target, { ...options, sameHost });
  options.placed?.(renamed);
  const tells = renamed && !isClient && session.features.includes("manifest");
  const borrows = options.lender === undefined ? {} : { borrows: true };
  const remembers = memory.continues ? { remembers: true } : {};
  const unresumable = memory.problem && cutText(memory.problem, MAX_REASON_TEXT);
  if (unresumable !== undefined) options.unresumable?.(unresumable);
  control.send({ type: "ready", ...codecs, ...(tells ? { renamed } : {}), ...borrows, ...remembers, unresumable });
  const count = isClient
    ? streamsFor(announced, options.toOutput ? fixedCount(1) : options.streams, options.bytesPerSecond)
    : fixedCount((await control.expect("streams")).count);
  if (isClient) control.send({ type: "streams", count: count.max });
  const target = new TargetFiles(options, roots, { streams: count.max, memory });
  try {
    emit({ type: "totals", files: announced.files, bytes: announced.bytes, complete: announced.complete });
    const planned = new DryRunTotals(emit);
    const conversation = converse(options, target, planned, senderFailed);
    const streams = await Promise.race([
      target.streamGroup.run(count),
      conversation.then(() => target.streamGroup.peak),
    ]);
    emit({ type: "connected", streams, ...(isClient ? {} : { orFewer: true }), engine: session.engine.name });
    target.startProgress();
    const finish = await Promise.race([
      conversation,
      target.streamGroup.allEnded().then(() => allGone(target, count.max, conversation)),
    ]);
    target.finishing = true;
    target.streamGroup.check();
    await target.streamGroup.allEnded();
    const failures = await target.finish();
    if (!target.hasFailed && failures.length === 0 && !finish.incomplete) memory.complete();
    const { skipped, verified: same, ...done } = target.done;
    const verified = options.verify ? { verified: same } : {};
    const told = toldOf(failures);
    control.send({
      type: "finished",
      ...done,
      ...(options.comparison || memory.continues ? { skipped } : {}),
      ...verified,
      failures: told,
    });
    for (const failure of failures) target.failed(failure);
    checkTotals(target.done, finish);
    const lost = isClient ? target.streamGroup.losses.note(control.corrupt) : undefined;
    if (lost) emit({ type: "note", message: lost });
    const dryRun = options.comparison?.dryRun;
    const { files, bytes } = dryRun ? planned : target.done;
    return {
      files,
      bytes,
      failed: target.failures + sender.failed,
      skipped,
      ...verified,
      dryRun,
      streams: isClient ? streams : target.streamGroup.peak,
      resumed: target.kept + target.matched,
      wireBytes: options.codecs.length > 0 ? target.streamGroup.pool.wireBytes : undefined,
    };
  } finally {
    await target.close();
  }
}

/** All streams have ended and the sender has not finished: its word is on its way, or there is nobody left to finish. */
function allGone<T>(target: TargetFiles, count: number, conversation: Promise<T>): Promise<T> {
  if (count > 0 && target.streamGroup.clean === 0) throw target.streamGroup.losses.allBroken();
  return conversation;
}

/** Those that fit into one message, and how many more there are. */
function toldOf(failures: Failure[]): Failure[] {
  const [told = []] = batches(failures, (failure) => JSON.stringify(failure).length);
  const left = failures.length - told.length;
  if (left === 0) return told;
  const message = `Cannot set the attributes of ${grouped(left)} more directories`;
  return [...told, { code: "", path: "", message, hint: "" }];
}

/** Plans the target; a refusal is told to the sender and thrown. */
async function plan(
  options: ReceiveOptions,
  offered: WireSource[],
  { operands, sameHost, announced, memory }: {
    operands: number;
    sameHost: boolean;
    announced: MessageOf<"sources">;
    memory: ResumeRecord;
  },
): Promise<TargetRoot[]> {
  const { session, files, target, base, tilde, confinement } = options;
  if (files.dummy) return offered.map(dummyRoot);
  if (offered.length === 0) return [];
  const sources = offered.map(({ dev, inode, ...source }) => ({ ...source, identity: { dev, inode } }));
  if (options.toOutput && sources.length === 1 && operands === 1 && sources[0].kind === "file") {
    return [{ kind: "device", path: STANDARD_OUTPUT }];
  }
  try {
    if (options.toOutput) throw new UserError("Cannot copy to standard output: only one file can go there");
    const isUnfinished = (path: string, source: PlannedSource) => memory.isUnfinished(path, source);
    const plan = { base, tilde, sameHost, operands, confinement, isUnfinished, dryRun: true };
    const roots = planTargets(sources, target, plan, files.paths);
    if (session.role === "remote") checkNotChannel(roots, files.paths);
    if (options.comparison?.dryRun) return roots;
    if (options.verify && roots.some(({ kind }) => kind === "device")) {
      throw new UserError(`Cannot verify what is written to ${quotePath(target)}: it is no file`, {
        hint: "Leave out --verify",
      });
    }
    // How much of it is to be written is not known otherwise.
    if (!options.comparison && !options.sparse) await checkSpace(roots, announced.bytes, files, memory.records);
    await memory.begin(roots, announced);
    makeDirectories(roots, files.paths);
    // At once: the next try would copy into a directory that no record names.
    memory.noteCreated(roots, offered);
    return roots;
  } catch (error) {
    if (error instanceof UserError) {
      const message = cutText(error.message, MAX_MESSAGE_TEXT);
      const failure = { code: "", path: "", message, hint: cutText(error.hint ?? "", MAX_HINT_TEXT) };
      session.control.send({ type: "refused", failure });
    }
    throw error;
  }
}

/** Refuses a device that is this process's own control channel, as `/dev/stdout` is on a remote end. @throws {UserError} */
function checkNotChannel(roots: TargetRoot[], paths: PathCalls): void {
  const device = roots.find(({ kind }) => kind === "device");
  if (device?.kind !== "device") return;
  const target = paths.stat(device.path, { follow: true });
  for (const descriptor of [0, 1]) {
    const channel = paths.stat(`/dev/fd/${descriptor}`, { follow: true });
    if (!channel || !target || channel.dev !== target.dev || channel.inode !== target.inode) continue;
    const shown = quotePath(device.shown ?? device.path);
    throw new UserError(`Cannot write ${shown}: it is the connection to the client`, { hint: "Name another target" });
  }
}

/** Takes the sender's messages until it has nothing more. */
async function converse(
  options: ReceiveOptions,
  target: TargetFiles,
  planned: DryRunTotals,
  senderFailed: (failure: Failure) => void,
): Promise<MessageOf<"finish">> {
  const { control } = options.session;
  for (;;) {
    const message = await control.expect("open", "close", "drop", "totals", "failed", "note", "planned", "finish");
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
        options.emit({ type: "totals", files: message.files, bytes: message.bytes, complete: message.complete });
        break;
      case "failed":
        senderFailed(message.failure);
        break;
      case "note":
        options.emit({ type: "note", message: message.message });
        break;
      case "planned":
        if (options.comparison?.dryRun) message.entries.forEach((entry) => planned.add(entry));
        break;
      case "finish":
        return message;
    }
  }
}
