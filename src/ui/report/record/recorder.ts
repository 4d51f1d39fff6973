/** Records a copy for a report, from its events and sessions. */

import process from "node:process";
import { findRunLimit, type RunFacts } from "../../../doctor/run_limit.ts";
import type { SystemFacts } from "../../../protocol/control/probe.ts";
import type { Hello } from "../../../protocol/control/hello.ts";
import { systemFacts } from "../../../probe/system_facts.ts";
import type { ClientSession } from "../../../session/model/client_session.ts";
import type { AuthenticatedStream } from "../../../session/model/session.ts";
import type { FinishedEvent, TransferEvent } from "../../../transfer/events.ts";
import type { Machine } from "../../../transfer/machine.ts";
import type { ObservedPeer, SessionObserver } from "../../../transfer/observer.ts";
import { formatCount } from "../../format.ts";
import { FileTimes } from "./file_times.ts";
import {
  type CopyReport,
  type CopyResult,
  REPORT_FORMAT,
  REPORT_VERSION,
  type ReportedFailure,
  type ReportedMachine,
} from "../report.ts";
import { RunCounts } from "./run_counts.ts";
import { SessionLog } from "./session_log.ts";
import { TransferProcessor } from "./transfer_processor.ts";
import { UnfinishedFiles } from "./unfinished_files.ts";

/** Interval of the samples, in milliseconds. */
const SAMPLE_MS = 250;
/** Maximum number of listed failures and of notes. */
const MAX_FAILURES = 1_000;
const MAX_NOTES = 100;
const MAX_MACHINES = 64;
/** Maximum length of all texts of failures and notes together, and of a single one, because peers choose them. */
const MAX_TEXTS = 4 << 20;
const MAX_TEXT = 4096;

/** Properties of a run besides its measurements. */
export interface RunAbout extends Pick<CopyReport, "escp" | "sources" | "filelist" | "target" | "options"> {
  direction: RunFacts["direction"];
  verify: boolean;
  /** Whether libraries of the system may be used. */
  usesLibraries: boolean;
  skippedAs?: string;
  /** Rate limit of the user; 0 without one. */
  limitBytesPerSecond: number;
}

/** How a run ended. */
export interface RunEnd extends Pick<CopyResult, "exitStatus" | "message" | "hint"> {
  /** "done": the event "finished" has the result. */
  status: "done" | "error" | "interrupted";
}

/** Records one run. `onEvent` receives its events, and `observe` those of each transfer. */
export class RunRecorder implements SessionObserver, Disposable {
  readonly #about: RunAbout;
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #startedAt = new Date();
  readonly #cpu = process.cpuUsage();
  readonly #counts = new RunCounts();
  readonly #sessions: SessionLog;
  readonly #processor: TransferProcessor;
  readonly #slowest: CopyReport["slowest"] = [];
  readonly #unfinished = new UnfinishedFiles();
  readonly #failures: ReportedFailure[] = [];
  #failuresOmitted = 0;
  readonly #notes: string[] = [];
  #notesOmitted = 0;
  #textLength = 0;
  #machine: Machine | undefined;
  readonly #remotes: ReportedMachine[] = [];
  #finished: FinishedEvent | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param now returns milliseconds of a monotonic clock. */
  constructor(about: RunAbout, now: () => number = () => performance.now()) {
    this.#about = about;
    this.#now = now;
    this.#startedMs = now();
    this.#sessions = new SessionLog(now, about);
    this.#processor = new TransferProcessor(() => ({ ms: now(), cpuSeconds: this.#cpuSeconds }), about);
    this.sample();
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS);
    // A run that has ended does not wait for a sample.
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Returns a listener for the events of one transfer. @param hosts undefined on this machine. */
  observe(hosts: string | undefined): (event: TransferEvent) => void {
    this.#sessions.begin(hosts);
    this.#counts.begin({ isRetry: false });
    this.#unfinished.beginTransfer();
    return (event) => {
      if (event.type === "retry") this.#counts.begin({ isRetry: true });
      if (event.type === "finished") this.#unfinished.endTransfer();
      this.#processor.add(event);
      this.#counts.add(event);
      this.#sessions.add(event);
    };
  }

  /** Event listener for the whole run. */
  readonly onEvent = (event: TransferEvent): void => {
    switch (event.type) {
      case "failed": {
        const { host } = event;
        const [path, message, hint] = [event.path, event.message, event.hint ?? ""].map(cut);
        const hasRoom = this.#failures.length < MAX_FAILURES && this.#reserve(path + message + hint);
        if (hasRoom) this.#failures.push({ path: path, message: message, hint: hint || undefined, host });
        else this.#failuresOmitted++;
        break;
      }
      case "note":
        if (this.#notes.length < MAX_NOTES && this.#reserve(cut(event.message))) this.#notes.push(cut(event.message));
        else this.#notesOmitted++;
        break;
      case "finished":
        this.#finished = event;
        break;
    }
  };

  sessionOpened(session: ClientSession, { name, machine }: ObservedPeer & { machine: Machine }): void {
    // Both sessions of a relay carry the same messages.
    if (this.#sessions.opened(session)) {
      const lists = { slowest: this.#slowest, unfinished: this.#unfinished };
      session.control.observe = new FileTimes(lists, this.#now).onMessage;
    }
    this.#machine = machine;
    if (this.#about.direction !== "local") this.#addRemote(name, session.hello);
  }

  streamOpened(stream: AuthenticatedStream, peer: ObservedPeer): void {
    this.#sessions.streamOpened(stream, peer);
  }

  /** Takes a sample now. */
  sample({ isLast = false }: { isLast?: boolean } = {}): void {
    const cells = [["cpu", this.#cpuSeconds] as const, ...this.#counts.cells()];
    this.#sessions.sample(this.#seconds, cells, { isLast });
  }

  /** Returns the report. */
  finish(end: RunEnd): CopyReport {
    this.sample({ isLast: true });
    const { escp, sources, filelist, target, options } = this.#about;
    const result = this.#resultOf(end);
    const system = this.#machine && systemFacts(this.#machine, this.#sessions.maxStreams);
    return {
      ...{ format: REPORT_FORMAT, version: REPORT_VERSION, escp, startedAt: this.#startedAt.toISOString() },
      ...{ task: "copy", sources, filelist, target, options },
      result,
      limit: this.#hasLimit(end) ? findRunLimit(this.#factsOf(result, system)) : undefined,
      machines: [{ name: "this machine", end: "here", version: escp, system }, ...this.#remotes],
      sessions: this.#sessions.report(end.message),
      sessionsOmitted: this.#sessions.omitted,
      series: this.#sessions.series(),
      slowest: this.#slowest,
      ...this.#unfinished.report(),
      failures: this.#failures,
      failuresOmitted: this.#failuresOmitted,
      notes: this.#notes,
      notesOmitted: this.#notesOmitted,
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  get #seconds(): number {
    return Math.round(this.#now() - this.#startedMs) / 1000;
  }

  get #cpuSeconds(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return Math.round((user + system) / 1000) / 1000;
  }

  /** Returns whether the report has room for a text. */
  #reserve(text: string): boolean {
    if (this.#textLength + text.length > MAX_TEXTS) return false;
    this.#textLength += text.length;
    return true;
  }

  #addRemote(name: string, { software: version, system, cores }: Hello): void {
    if (this.#remotes.length >= MAX_MACHINES || this.#remotes.some((remote) => remote.name === name)) return;
    const platform = [system, cores && formatCount(cores, "core")].filter(Boolean).join(", ");
    this.#remotes.push({ name, end: "there", version, platform: platform || undefined });
  }

  #resultOf({ status, exitStatus, message, hint }: RunEnd): CopyResult {
    const seconds = this.#seconds;
    const finished = this.#finished;
    const failed = this.#failures.length + this.#failuresOmitted;
    if (status !== "done" || !finished) {
      const { files, written: bytes, moved } = this.#counts;
      const resumed = Math.max(0, bytes - moved);
      const ended = status === "done"
        ? { status: "error" as const, message: "The copy ended without a result" }
        : { status, message: message && cut(message) };
      return { ...ended, exitStatus, hint: hint && cut(hint), seconds, files, bytes, resumed, failed, skipped: 0 };
    }
    const { files, bytes, resumed = 0, skipped, verified, deleted, stopped, dryRun, dummy } = finished;
    const { removedSources, wireBytes } = finished;
    const { skippedAs } = this.#about;
    const counts = { files, bytes, resumed, failed: finished.failed, skipped, skippedAs, verified, deleted };
    const all = { exitStatus, seconds, ...counts, removedSources, wireBytes, stopped, dryRun, dummy };
    return { status: finished.failed > 0 ? "failed" : "ok", ...all };
  }

  #hasLimit({ status }: RunEnd): boolean {
    const { dryRun, dummy } = this.#finished ?? {};
    return status === "done" && this.#sessions.hasFinished && !dryRun && dummy === undefined;
  }

  #factsOf({ files, seconds: total }: CopyResult, system: SystemFacts | undefined): RunFacts {
    const { direction, limitBytesPerSecond } = this.#about;
    const phase = (...names: string[]) => this.#sessions.secondsOf(names);
    const seconds = {
      total,
      login: phase("login", "start"),
      lost: this.#sessions.lostSeconds,
      transfer: phase("transfer"),
      verification: phase("verification"),
    };
    // Without threads, all streams share the main thread.
    const usableCores = system ? Math.min(system.cores, Math.max(1, system.threads)) : 1;
    return {
      ...{ direction, seconds, bytes: this.#counts.moved, files, limitBytesPerSecond },
      tunnel: this.#sessions.tunnel,
      busyCores: this.#processor.busyCores,
      usableCores,
      connections: this.#sessions.connections.facts(),
    };
  }
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
