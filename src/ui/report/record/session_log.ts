/** The sessions of a run: their phases, routes and connections, and the samples of all of them. */

import type { ClientSession } from "../../../session/model/client_session.ts";
import type { AuthenticatedStream } from "../../../session/model/session.ts";
import type { TransferEvent } from "../../../transfer/events.ts";
import type { ObservedPeer } from "../../../transfer/observer.ts";
import { PhaseTimes } from "../../phase_times.ts";
import { carriedBy, ConnectionLog } from "./connections.ts";
import type { ReportedSession, Series } from "../report.ts";
import { TimeSeries } from "./time_series.ts";

/** Maximum number of sessions in a report: the first and the last ones. */
const MAX_SESSIONS = 256;

/** A session in progress, or an ended one. */
interface LoggedSession {
  number: number;
  hosts: string;
  startedMs: number;
  times: PhaseTimes;
  listener: (event: TransferEvent) => void;
  /** Its last session with a peer: a relay has two. */
  client?: ClientSession;
  about: Pick<ReportedSession, "streams" | "engine" | "address" | "roundTripMs" | "tunnel">;
  phases?: ReportedSession["phases"];
  outcome?: ReportedSession["outcome"];
  message?: string;
}

/** Logs the sessions. */
export class SessionLog {
  readonly connections: ConnectionLog;
  readonly #series = new TimeSeries();
  readonly #sessions: LoggedSession[] = [];
  /** Number of the next session. */
  #number = 0;
  readonly #streamColumns = new Set<string>();
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #verify: boolean;

  /** @param now returns milliseconds of a monotonic clock. */
  constructor(now: () => number, { verify, usesLibraries }: { verify: boolean; usesLibraries: boolean }) {
    this.#now = now;
    this.#startedMs = now();
    this.#verify = verify;
    this.connections = new ConnectionLog(usesLibraries);
  }

  /** Begins a session. @param hosts undefined on this machine. @param options.pauseMs pause before a retry. */
  begin(hosts: string | undefined, { pauseMs = 0 }: { pauseMs?: number } = {}): void {
    if (this.#current && !this.#current.outcome) this.#end("failed");
    const startedMs = this.#now() + pauseMs;
    // An interrupted pause is not a phase of the session.
    const times = new PhaseTimes(() => Math.max(startedMs, this.#now()), { verify: this.#verify });
    const listener = times.begin(hosts);
    const number = this.#number++;
    this.#sessions.push({ number, hosts: hosts ?? "this machine", startedMs, times, listener, about: {} });
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.splice(MAX_SESSIONS / 2, 1);
  }

  /** Adds an event of the current session. A retry begins the next one. */
  add(event: TransferEvent): void {
    const session = this.#current;
    if (!session) return;
    if (event.type === "retry") {
      this.#end("lost", event.message);
      const hosts = session.hosts === "this machine" ? undefined : session.hosts;
      return this.begin(hosts, { pauseMs: event.pauseSeconds * 1000 });
    }
    session.listener(event);
    if (event.type === "connected") {
      const { streams, engine, address } = event;
      session.about = { streams, engine, address };
    } else if (event.type === "finished") this.#end("finished");
  }

  /** Sets the session with a peer. @returns whether it is the first of the current session: a relay has two. */
  opened(client: ClientSession): boolean {
    const session = this.#current;
    if (!session) return false;
    const isFirst = session.client === undefined;
    session.client = client;
    return isFirst;
  }

  /** Adds a data connection of the current session. */
  streamOpened(stream: AuthenticatedStream, peer: ObservedPeer): void {
    this.connections.add(stream, peer, this.#number - 1, this.#now());
  }

  /** Name of the tunnel of the last finished session; undefined if a finished session needed none. */
  get tunnel(): string | undefined {
    const tunnels = this.#finished.map(({ about }) => about.tunnel);
    return tunnels.includes(undefined) ? undefined : tunnels.at(-1);
  }

  /** Whether a session has finished. */
  get hasFinished(): boolean {
    return this.#finished.length > 0;
  }

  /** Highest number of streams of a session, at least 1. */
  get maxStreams(): number {
    return Math.max(1, ...this.#sessions.map(({ about }) => about.streams ?? 0));
  }

  /** Adds a row. @param cells of the run, besides those of the connections. */
  sample(seconds: number, cells: (readonly [string, number])[], { isLast }: { isLast: boolean }): void {
    this.connections.sample(this.#now());
    const rows: (readonly [string, number | undefined])[] = [...cells, ["sent", this.connections.carried]];
    for (const connection of this.connections.connections) {
      if (!connection.isOpen) continue;
      const { session, stream, peer, last: { roundTripMs, retransmits } } = connection;
      const key = columnKey(session, stream, peer.name);
      rows.push([`carried ${key}`, carriedBy(connection)]);
      // TCP measures them for sent data, and in a pull this machine sends only results.
      if (peer.part === "receiver") rows.push([`rtt ${key}`, roundTripMs], [`re ${key}`, retransmits]);
    }
    for (const [name] of cells) if (name.startsWith("written ")) this.#streamColumns.add(name);
    if (isLast) this.#series.addLast(seconds, rows);
    else this.#series.add(seconds, rows);
  }

  /** Returns the time of phases in all finished sessions, in seconds. */
  secondsOf(names: readonly string[]): number {
    const phases = this.#finished.flatMap(({ phases = [] }) => phases);
    return phases.filter(({ name }) => names.includes(name)).reduce((sum, { seconds }) => sum + seconds, 0);
  }

  /** Time of lost sessions, with the pauses after them. In seconds. */
  get lostSeconds(): number {
    return this.#sessions.reduce((sum, { outcome, startedMs }, at) => {
      const next = this.#sessions[at + 1];
      return outcome === "lost" && next ? sum + (next.startedMs - startedMs) / 1000 : sum;
    }, 0);
  }

  /** Number of sessions that are not in the report. */
  get omitted(): number {
    return this.#number - this.#sessions.length;
  }

  /** Returns the sessions. @param message reason why the last one failed. */
  report(message: string | undefined): ReportedSession[] {
    if (this.#current && !this.#current.outcome) this.#end("failed", message);
    return this.#sessions.map(({ number, hosts, startedMs, about, phases = [], outcome, message }) => ({
      number,
      hosts,
      start: this.#secondsAt(startedMs),
      ...about,
      outcome: outcome!,
      message,
      phases,
    }));
  }

  /** Returns all samples. */
  series(): Series {
    const column = (name: string) => this.#series.column(name);
    return {
      seconds: [...this.#series.times],
      written: column("written"),
      sent: column("sent"),
      files: column("files"),
      filesFound: column("filesFound"),
      bytesFound: column("bytesFound"),
      cpuSeconds: column("cpu"),
      streams: [...this.#streamColumns].map((name) => {
        const [session, stream] = name.split(" ").slice(1).map(Number);
        return { session, stream, written: column(name) };
      }).sort((a, b) => a.session - b.session || a.stream - b.stream),
      connections: this.connections.connections.map(({ session, stream, peer }) => {
        const key = columnKey(session, stream, peer.name);
        const [carried, roundTripMs, retransmits] = ["carried", "rtt", "re"].map((name) => column(`${name} ${key}`));
        return { session, stream, host: peer.name, carried, roundTripMs, retransmits };
      }),
      connectionsOmitted: this.connections.omitted,
    };
  }

  get #finished(): LoggedSession[] {
    return this.#sessions.filter(({ outcome }) => outcome === "finished");
  }

  get #current(): LoggedSession | undefined {
    return this.#sessions.at(-1);
  }

  #end(outcome: ReportedSession["outcome"], message?: string): void {
    const session = this.#current;
    if (!session) return;
    const { client } = session;
    session.phases = this.#phasesOf(session);
    session.about = { ...session.about, tunnel: client?.tunnel, roundTripMs: client?.roundTripMs };
    session.client = undefined;
    session.outcome = outcome;
    session.message = message;
  }

  #phasesOf({ times }: LoggedSession): ReportedSession["phases"] {
    const [{ phases }] = times.phases();
    return phases.map(({ name, fromMs, toMs }) => ({
      name,
      start: this.#secondsAt(fromMs),
      seconds: Math.round(toMs - fromMs) / 1000,
    }));
  }

  #secondsAt(ms: number): number {
    return Math.round(ms - this.#startedMs) / 1000;
  }
}

function columnKey(session: number, stream: number, peer: string): string {
  return `${session} ${stream} ${peer}`;
}
