/** The receiver's story, on whichever end: plan the target, write what comes, and compare the totals. */

import { ProtocolError, quotePath, UserError } from "../errors.ts";
import type { PathCalls, TargetRoot } from "../files/engine.ts";
import { STANDARD_OUTPUT } from "../files/target_name.ts";
import { isRenamed, makeFolders, planTargets } from "../files/target_plan.ts";
import { MAX_ROOTS } from "../protocol/limits.ts";
import type { MessageOf, WireSource } from "../protocol/messages.ts";
import type { Failure } from "../protocol/results.ts";
import { exactly } from "../session/stream_count.ts";
import { dummyRoot } from "./dummy_files.ts";
import { hostIdentity } from "./host_identity.ts";
import { isUnfinished, type MarkedSource, markUnfinished, unmark } from "../resume/unfinished_folder.ts";
import { PlannedEntries } from "./planned_entries.ts";
import type { Outcome } from "./send.ts";
import type { ReceiveOptions } from "./receive_options.ts";
import { forgetRuns, remember, type RememberedRun } from "./remembered_run.ts";
import { streamsFor } from "./small_job.ts";
import { checkSpace } from "./target_space.ts";
import { TargetFiles } from "./target_files.ts";
import { checkTotals } from "./totals.ts";

/** Receives everything. @throws what ends the whole transfer. */
export async function receive(options: ReceiveOptions): Promise<Outcome> {
  const { session, emit } = options;
  const { control } = session;
  const sender = { failed: 0 };
  // At once: a sender that goes on with it must not fill the memory.
  const senderFailed = (failure: Failure) => {
    sender.failed++;
    emit({ type: "failed", path: failure.path, message: failure.message, hint: failure.hint || undefined });
  };
  const offered: WireSource[] = [];
  let announced: MessageOf<"sources"> | undefined;
  while (!announced?.last) {
    const message = await control.expect("sources", "failed", "note");
    if (message.type === "sources") {
      announced = message;
      for (const source of message.sources) offered.push(source);
      if (offered.length > MAX_ROOTS) throw new ProtocolError("bad-message", "Cannot accept so many sources");
    } else if (message.type === "failed") senderFailed(message.failure);
    else emit({ type: "note", message: message.message });
  }
  const sources = options.acceptSources(offered);
  const sameHost = announced.host === await hostIdentity(options.salt);
  const operands = announced.operands + options.others;
  const roots = await plan(options, sources, { operands, sameHost, bytes: announced.bytes });
  // At once: without the mark the next try would copy into the folders that this one has made.
  const marked = options.resume && !options.comparison?.dryRun && !options.files.dummy ? mark(roots, sources) : [];
  const memory = await remember(options, roots, announced);
  try {
    return await receiveInto(options, { roots, marked, memory, announced, sender, senderFailed, sameHost });
  } finally {
    memory?.close();
  }
}

/** What is known when the target is planned. */
interface Prepared {
  roots: TargetRoot[];
  /** Folders that are marked as unfinished. */
  marked: { path: string; source: MarkedSource }[];
  memory: RememberedRun | undefined;
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
  const { roots, marked, memory, announced, sender, senderFailed, sameHost } = prepared;
  const isClient = session.role === "client";
  const codecs = options.codecs.length > 0 ? { codecs: [...options.codecs] } : {};
  const renamed = roots.length > 0 && isRenamed(roots, options.target, { ...options, sameHost });
  options.placed?.(roots, renamed);
  const tells = renamed && !isClient && session.features.includes("manifest");
  const borrows = options.lender === undefined ? {} : { borrows: true };
  const remembers = memory?.continues ? { remembers: true } : {};
  control.send({ type: "ready", ...codecs, ...(tells ? { renamed } : {}), ...borrows, ...remembers });
  const count = isClient
    ? streamsFor(announced, options.toOutput ? exactly(1) : options.streams, options.bytesPerSecond)
    : exactly((await control.expect("streams")).count);
  if (isClient) control.send({ type: "streams", count: count.most });
  const target = new TargetFiles(options, roots, { streams: count.most, memory });
  try {
    emit({ type: "totals", files: announced.files, bytes: announced.bytes, complete: announced.complete });
    const planned = new PlannedEntries(emit);
    const conversation = converse(options, target, planned, senderFailed);
    const streams = await Promise.race([target.crew.run(count), conversation.then(() => target.crew.peak)]);
    emit({ type: "connected", streams, ...(isClient ? {} : { orFewer: true }), engine: session.engine.name });
    target.startProgress();
    const finish = await Promise.race([
      conversation,
      target.crew.allEnded().then(() => allGone(target, count.most, conversation)),
    ]);
    target.finishing = true;
    target.crew.check();
    await target.crew.allEnded();
    // Before folders get their times, which this changes.
    if (!target.hasFailed && !finish.incomplete) {
      marked.forEach(({ path, source }) => unmark(path, source));
      memory?.complete();
      if (options.comparison && !options.comparison.dryRun && options.resume) await forgetRuns(roots);
    }
    const failures = await target.finish();
    const { skipped, verified: same, ...done } = target.done;
    const verified = options.verify ? { verified: same } : {};
    const told = failures.slice(0, MAX_TOLD);
    control.send({
      type: "finished",
      ...done,
      ...(options.comparison || memory?.continues ? { skipped } : {}),
      ...verified,
      failures: told,
    });
    for (const failure of failures) target.failed(failure);
    checkTotals(target.done, finish);
    const lost = isClient ? target.crew.losses.note(control.corrupt) : undefined;
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
      streams: isClient ? streams : target.crew.peak,
      resumed: target.kept + target.matched,
      wireBytes: options.codecs.length > 0 ? target.crew.pool.wireBytes : undefined,
    };
  } finally {
    await target.close();
  }
}

/** All streams have ended and the sender has not finished: its word is on its way, or there is nobody left to finish. */
function allGone<T>(target: TargetFiles, count: number, conversation: Promise<T>): Promise<T> {
  if (count > 0 && target.crew.clean === 0) throw target.crew.losses.allBroken();
  return conversation;
}

/** Failures of folders that one message tells. */
const MAX_TOLD = 500;

/** Plans the target; a refusal is told to the sender and thrown. */
async function plan(
  options: ReceiveOptions,
  offered: WireSource[],
  { operands, sameHost, bytes }: { operands: number; sameHost: boolean; bytes: number },
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
    const plan = { base, tilde, sameHost, operands, confinement, dryRun: true };
    const roots = planTargets(
      sources,
      target,
      { ...plan, ...(options.resume ? { isUnfinished } : {}) },
      files.paths,
    );
    if (session.role === "remote") checkNotChannel(roots, files.paths);
    if (options.comparison?.dryRun) return roots;
    if (options.verify && roots.some(({ kind }) => kind === "device")) {
      throw new UserError(`Cannot verify what is written to ${quotePath(target)}: it is no file`, {
        hint: "Leave out --verify",
      });
    }
    // How much of it is to be written is not known otherwise.
    if (!options.comparison && !options.sparse) await checkSpace(roots, bytes, files);
    return makeFolders(roots, files.paths);
  } catch (error) {
    if (error instanceof UserError) {
      const failure = { code: "", path: "", message: error.message, hint: error.hint ?? "" };
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

/** Marks folders that this copy has made as not finished. Returns them with those that it goes on with. */
function mark(roots: TargetRoot[], sources: WireSource[]): { path: string; source: MarkedSource }[] {
  const marked = roots.flatMap((root, index) => {
    if (root.kind !== "folder" || !root.created) return [];
    const { name, dev, inode } = sources[index];
    return { path: root.path, continued: root.continued, source: { name, identity: { dev, inode } } };
  });
  for (const { path, source, continued } of marked) if (!continued) markUnfinished(path, source);
  return marked;
}

/** Takes the sender's messages until it has nothing more. */
async function converse(
  options: ReceiveOptions,
  target: TargetFiles,
  planned: PlannedEntries,
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
