/** The receiver's story, on whichever end: plan the target, write what comes, and compare the totals. */

import { ProtocolError, UserError } from "../errors.ts";
import type { FileEngine, FinishedFolder, Partial, TargetRoot, TargetWriter } from "../files/engine.ts";
import { planTargets } from "../files/target_plan.ts";
import { MAX_ROOTS } from "../protocol/limits.ts";
import type { MessageOf } from "../protocol/messages.ts";
import { RangeSums } from "../protocol/range_sums.ts";
import type { Failure } from "../protocol/results.ts";
import type { Session } from "../session/session.ts";
import { toFailure } from "../streams/failure.ts";
import { StreamPool } from "../streams/stream_pool.ts";
import type { ReceivedPack, ReceivedRange, ReceiveReport } from "../streams/unit.ts";
import type { TransferEvent } from "./events.ts";
import { hostIdentity } from "./host_identity.ts";
import type { Outcome } from "./send.ts";
import { allBroken, checkTotals } from "./send.ts";
import { streamsFor } from "./small_job.ts";
import { StreamCrew } from "./stream_crew.ts";

/** What a receiver works with. */
export interface ReceiveOptions {
  session: Session;
  files: FileEngine;
  /** Where to, as the user typed it. */
  target: string;
  /** The folder that a relative target begins at. */
  base: string;
  /** Whether `~` means a home folder: not where the local shell has seen it already. */
  tilde: boolean;
  /** Whether the sources are what was asked for. @throws {ProtocolError} */
  checkSources: (sources: MessageOf<"sources">["sources"]) => void;
  preserve: boolean;
  umask: number;
  streams: number;
  workers: (streams: number) => number;
  blockBytes: number;
  idleTimeoutMs: number;
  emit: (event: TransferEvent) => void;
}

/** Receives everything. @throws what ends the whole transfer. */
export async function receive(options: ReceiveOptions): Promise<Outcome> {
  const { session, emit } = options;
  const { control } = session;
  const isClient = session.role === "client";
  const early: Failure[] = [];
  let announced: MessageOf<"sources"> | undefined;
  while (!announced?.last) {
    const message = await control.expect("sources", "failed", "note");
    if (message.type === "sources") {
      announced = { ...message, sources: [...announced?.sources ?? [], ...message.sources] };
    } else if (message.type === "failed") early.push(message.failure);
    else emit({ type: "note", message: message.message });
  }
  options.checkSources(announced.sources);
  if (announced.sources.length > MAX_ROOTS) throw new ProtocolError("bad-message", "Cannot accept so many sources");
  const sameHost = announced.host === await hostIdentity(session);
  const roots = plan(options, announced, sameHost);
  control.send({ type: "ready" });
  const count = isClient ? streamsFor(announced, options.streams) : (await control.expect("streams")).count;
  if (isClient) control.send({ type: "streams", count });
  const target = new Target(options, roots, count);
  const sender = { failed: 0 };
  const senderFailed = (failure: Failure) => {
    sender.failed++;
    emit({ type: "failed", path: failure.path, message: failure.message, hint: failure.hint || undefined });
  };
  early.forEach(senderFailed);
  try {
    emit({ type: "totals", files: announced.files, bytes: announced.bytes, complete: announced.complete });
    const conversation = converse(options, target, senderFailed);
    await Promise.race([target.crew.run(count), conversation]);
    emit({ type: "connected", streams: count, engine: session.engine.name });
    target.startProgress();
    const finish = await Promise.race([
      conversation,
      target.crew.allEnded().then(() => allGone(target, count, conversation)),
    ]);
    target.finishing = true;
    target.crew.check();
    await target.crew.allEnded();
    const failures = target.finish();
    const { files, bytes } = target.done;
    control.send({ type: "finished", files, bytes, failures: failures.slice(0, MAX_TOLD) });
    for (const failure of failures) target.failed(failure);
    checkTotals(target.done, finish);
    return { files, bytes, failed: target.failures + sender.failed, skipped: 0, streams: count };
  } finally {
    target.close();
  }
}

/** All streams have ended and the sender has not finished: its word is on its way, or there is nobody left to finish. */
function allGone<T>(target: Target, count: number, conversation: Promise<T>): Promise<T> {
  if (count > 0 && target.crew.clean === 0) throw allBroken();
  return conversation;
}

/** Failures of folders that one message tells. */
const MAX_TOLD = 500;

/** Plans the target; a refusal is told to the sender and thrown. */
function plan(options: ReceiveOptions, announced: MessageOf<"sources">, sameHost: boolean): TargetRoot[] {
  const { session, files, target, base, tilde } = options;
  if (announced.sources.length === 0) return [];
  const sources = announced.sources.map(({ name, kind, dev, inode }) => ({ name, kind, identity: { dev, inode } }));
  try {
    return planTargets(sources, target, { base, tilde, sameHost, operands: announced.operands }, files.paths);
  } catch (error) {
    if (error instanceof UserError) {
      const failure = { code: "", path: "", message: error.message, hint: error.hint ?? "" };
      session.control.send({ type: "refused", failure });
    }
    throw error;
  }
}

/** Takes the sender's messages until it has nothing more. */
async function converse(
  options: ReceiveOptions,
  target: Target,
  senderFailed: (failure: Failure) => void,
): Promise<MessageOf<"finish">> {
  const { control } = options.session;
  for (;;) {
    const message = await control.expect("open", "close", "drop", "totals", "failed", "note", "finish");
    switch (message.type) {
      case "open":
        target.open(message);
        break;
      case "close":
        target.close_(message.file, message.crc32);
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
      case "finish":
        return message;
    }
  }
}

/** A ranged file that is being written. */
interface OpenFile {
  partial: Partial;
  message: MessageOf<"open">;
  sums: RangeSums;
  /** The sender's CRC-32, once it says that it was all. */
  expected?: number;
  /** A part of it could not be written, which has been told. */
  failed?: boolean;
}

/** Most ranged files at one time; the sender's window is smaller. */
const MAX_OPEN_FILES = 256;

/** What is written here, and what is known of it. */
class Target {
  readonly crew: StreamCrew;
  readonly done = { files: 0, bytes: 0 };
  failures = 0;
  /** The sender has nothing more. */
  finishing = false;
  readonly #options: ReceiveOptions;
  readonly #writer: TargetWriter;
  readonly #open = new Map<number, OpenFile>();
  /** Files that were ever announced. */
  readonly #known = new Set<number>();
  readonly #folders = new Map<string, FinishedFolder>();
  readonly #units = new Map<number, { stream: number; files: number; bytes: number }>();
  readonly #written = new Map<number, number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: ReceiveOptions, roots: TargetRoot[], streams: number) {
    this.#options = options;
    const { session, files, preserve, umask } = options;
    const token = session.secrets.id.slice(0, 8);
    this.#writer = files.targetWriter(roots, { preserve, umask, token });
    const pool = new StreamPool(
      {
        role: { type: "receive", roots, options: { preserve, umask, token } },
        cipherEngine: session.engine.name,
        fileEngine: files.name,
        blockBytes: options.blockBytes,
        idleTimeoutMs: options.idleTimeoutMs,
      },
      {
        next: () => Promise.reject(new Error("A receiver has no units")),
        partial: (file) => this.#partial(file),
        report: (stream, report) => this.#report(stream, report as ReceiveReport),
        written: (stream, bytes) => this.#written.set(stream, bytes),
      },
      options.workers(streams),
    );
    this.crew = new StreamCrew({ session, pool, streamBroke: () => {}, finished: () => this.finishing });
    roots.forEach((root, index) => {
      if (root.kind === "folder" && root.created) this.#touch({ root: index, path: "", created: true });
    });
  }

  open(message: MessageOf<"open">): void {
    const { control } = this.#options.session;
    const { file, root, path, size } = message;
    if (this.#known.has(file)) throw new ProtocolError("bad-order", `Cannot open file ${file} twice`);
    if (this.#open.size >= MAX_OPEN_FILES) throw new ProtocolError("bad-order", "Cannot open more files at one time");
    this.#known.add(file);
    try {
      const partial = this.#writer.createPartial(root, path, size);
      this.#open.set(file, { partial, message, sums: new RangeSums() });
      const missing = size > 0 ? [{ start: 0, end: size }] : [];
      control.send({ type: "opened", file, missing, sequential: partial.temporary === "" });
    } catch (error) {
      const failure = toFailure(error);
      this.failed(failure);
      control.send({ type: "unopened", file, failure });
    }
    for (const touched of this.#writer.takeCreated()) this.#touch(touched);
  }

  close_(file: number, crc32: number): void {
    const open = this.#open.get(file);
    if (!open) throw new ProtocolError("bad-order", `Cannot close file ${file}: it is not open`);
    open.expected = crc32;
    this.#commitIfComplete(file, open);
  }

  drop(file: number): void {
    const open = this.#open.get(file);
    this.#open.delete(file);
    this.crew.pool.forget(file);
    if (open) this.#writer.discard(open.partial);
  }

  /** A path failed on this side. */
  failed(failure: Failure): void {
    this.failures++;
    this.#options.emit({
      type: "failed",
      path: failure.path,
      message: failure.message,
      hint: failure.hint || undefined,
    });
  }

  startProgress(): void {
    this.#timer = setInterval(() => this.#tell(), 200);
  }

  /** Gives folders their attributes. */
  finish(): Failure[] {
    for (const { files, bytes } of this.#units.values()) {
      this.done.files += files;
      this.done.bytes += bytes;
    }
    this.#units.clear();
    this.#tell();
    return this.#writer.finishFolders([...this.#folders.values()]).map(toFailure);
  }

  close(): void {
    clearInterval(this.#timer);
    this.crew.close();
    this.#writer.abort();
    this.#writer.close();
  }

  #tell(): void {
    let { files, bytes } = this.done;
    for (const unit of this.#units.values()) {
      files += unit.files;
      bytes += unit.bytes;
    }
    const written = this.#written.values().reduce((sum, each) => sum + each, 0);
    this.#options.emit({ type: "progress", files, bytes: Math.max(bytes, written) });
  }

  #partial(file: number): Promise<Partial | undefined> {
    if (!this.#known.has(file)) {
      return Promise.reject(new ProtocolError("bad-block", `Cannot accept a block: file ${file} never was open`));
    }
    return Promise.resolve(this.#open.get(file)?.partial);
  }

  #report(stream: number, report: ReceiveReport): void {
    if (report.type === "pack") this.#packDone(stream, report);
    else this.#rangeDone(report);
  }

  #packDone(stream: number, report: ReceivedPack): void {
    const unit = this.#units.get(report.unit);
    if (report.first || !unit) {
      this.#units.set(report.unit, { stream, files: report.files, bytes: report.bytes });
    } else if (unit.stream === stream) {
      unit.files += report.files;
      unit.bytes += report.bytes;
    }
    report.failures.forEach((failure) => this.failed(failure));
    for (const { root, path, attributes } of report.folders) this.#touch({ root, path, created: false, attributes });
    report.created.forEach((touched) => this.#touch(touched));
  }

  #rangeDone(report: ReceivedRange): void {
    const open = this.#open.get(report.file);
    if (!open) return;
    if (report.failure) {
      if (!open.failed) this.failed(report.failure);
      open.failed = true;
      return;
    }
    open.sums.add(report);
    this.#commitIfComplete(report.file, open);
  }

  /** The last range's report and the sender's word come on different ways, in either order. */
  #commitIfComplete(file: number, open: OpenFile): void {
    const { size, attributes } = open.message;
    const crc32 = open.sums.total(size);
    if (open.expected === undefined || crc32 === undefined) return;
    this.#open.delete(file);
    this.crew.pool.forget(file);
    const { control } = this.#options.session;
    try {
      if (crc32 !== open.expected) throw new UserError("CRC-32 differs");
      this.#writer.commit(open.partial, attributes);
      this.done.files++;
      this.done.bytes += size;
      control.send({ type: "closed", file, bytes: size, crc32 });
    } catch (error) {
      this.#writer.discard(open.partial);
      const failure = error instanceof UserError && error.message === "CRC-32 differs"
        ? differs(open)
        : toFailure(error);
      this.failed(failure);
      control.send({ type: "unopened", file, failure });
    }
  }

  /** Puts together what is known of a folder from both sides. */
  #touch(folder: FinishedFolder): void {
    const key = `${folder.root}/${folder.path}`;
    const known = this.#folders.get(key);
    if (!known) this.#folders.set(key, folder);
    else {
      known.created ||= folder.created;
      known.mode ??= folder.mode;
      known.attributes ??= folder.attributes;
    }
  }
}

function differs({ partial }: OpenFile): Failure {
  return {
    code: "ECHECKSUM",
    path: partial.path,
    message: `Cannot confirm ${JSON.stringify(partial.path)}: what was written is not what was read (CRC-32 differs)`,
    hint: "Copy it again; if it stays so, test the memory of both machines",
  };
}
