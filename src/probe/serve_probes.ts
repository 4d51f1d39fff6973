/** The remote end of a measuring session: serves the client's requests one after the other. */

import { measureCipher } from "./cipher_speed.ts";
import { ProtocolError, UserError } from "../errors.ts";
import { measureDisk } from "./disk_speed.ts";
import { fullPath } from "../files/target/plan/plan.ts";
import { TIMEOUT_MS } from "../protocol/limits.ts";
import { checkCongestion } from "../native/net/congestion.ts";
import type { Finding, Probe } from "../protocol/control/probe.ts";
import type { CopySession } from "../session/model/remote_session.ts";
import type { AuthenticatedStream, Session } from "../session/model/session.ts";
import { fixedCount } from "../session/model/stream_count.ts";
import { failureOf } from "../streams/failure.ts";
import type { Machine } from "../transfer/machine.ts";
import { confine } from "../transfer/remote/confine.ts";
import { checkDirection, type RemoteJobOptions } from "../transfer/remote/session_limits.ts";
import { answerEchoes } from "./stream_echo.ts";
import { systemFacts } from "./system_facts.ts";
import { measureThroughput } from "./throughput.ts";

/** Maximum number of streams of all measurements of a session. */
const MAX_STREAMS = 1 << 12;

/** Serves requests until the client ends the session. @throws the error that ended the session. */
export async function serveProbes(session: CopySession, machine: Machine, options: RemoteJobOptions): Promise<void> {
  const { control } = session;
  const probes = new Probes(session, machine, options);
  for (;;) {
    const message = await control.expect("probe", "bye");
    if (message.type === "bye") return;
    const { probe } = message;
    const answer = (finding: Finding) => control.send({ type: "probed", finding });
    const refused = (error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      answer({ what: "failed", failure: failureOf(error) });
    };
    // The client may disconnect before it opens the stream, so keep reading the control channel.
    if (probe.what === "stream") probes.echo().then(() => answer({ what: "stream" }), () => {});
    else await probes.find(probe).then(answer, refused);
  }
}

/** Serves the requests of one session. */
class Probes {
  readonly #session: CopySession;
  readonly #machine: Machine;
  readonly #options: RemoteJobOptions;
  /** Receives the next stream. */
  #take: ((stream: AuthenticatedStream) => void) | undefined;
  /** Streams that the client opened before `#take` was set. */
  #early: AuthenticatedStream[] = [];
  #accepting = false;

  constructor(session: CopySession, machine: Machine, options: RemoteJobOptions) {
    this.#session = session;
    this.#machine = machine;
    this.#options = options;
  }

  /** Measures. @throws {UserError} if this host cannot measure the subject of the probe, or does not allow it. */
  async find(probe: Exclude<Probe, { what: "stream" }>): Promise<Finding> {
    const { cipher, files } = this.#machine;
    const { job, secrets } = this.#session;
    const { limits } = this.#options;
    switch (probe.what) {
      case "echo":
        return probe;
      case "system":
        return { what: "system", system: systemFacts(this.#machine, probe.streams) };
      case "cipher":
        return {
          what: "cipher",
          cipher: { name: secrets.cipher, bytesPerSecond: await measureCipher(cipher, secrets.cipher, probe.ms) },
        };
      case "disk": {
        checkDirection("push", limits);
        return { what: "disk", disk: await measureDisk(files, { ...this.#directory(), ms: probe.ms }) };
      }
      case "throughput": {
        checkDirection(probe.direction, limits);
        const congestion = probe.direction === "pull" ? job.congestion : undefined;
        if (congestion !== undefined) checkCongestion(congestion);
        this.#expect();
        // The client starts after this message.
        this.#session.control.send({ type: "probed", finding: { what: "ready" } });
        const { load } = await measureThroughput({
          session: this.#sharedSession(),
          machine: this.#machine,
          part: probe.direction === "push" ? "receive" : "send",
          salt: job.salt,
          blockBytes: job.blockBytes,
          timeoutMs: job.timeoutMs ?? TIMEOUT_MS,
          streams: probe.streams,
          congestion,
          ms: probe.ms,
        });
        return { what: "throughput", load };
      }
    }
  }

  /** Echoes frames on the next stream until its end. */
  async echo(): Promise<void> {
    const { engine, job } = this.#session;
    this.#expect();
    const stream = await new Promise<AuthenticatedStream>((resolve) => this.#await(resolve));
    await answerEchoes(stream, engine, job.timeoutMs ?? TIMEOUT_MS);
  }

  /** Returns the session for one of several transfers. It passes streams to the current transfer. */
  #sharedSession(): Session {
    return {
      ...this.#session,
      bringUp: (_, take) => {
        this.#await(take);
        return new Promise(() => {});
      },
    };
  }

  /** Makes new streams wait for the next call of `#await`. */
  #expect(): void {
    this.#take = undefined;
    if (this.#accepting) return;
    this.#accepting = true;
    const accept = (stream: AuthenticatedStream) => this.#take ? this.#take(stream) : this.#early.push(stream);
    this.#session.bringUp(fixedCount(MAX_STREAMS), accept).catch(() => {});
  }

  #await(take: (stream: AuthenticatedStream) => void): void {
    this.#take = take;
    this.#early.splice(0).forEach(take);
  }

  /** Returns the directory that the client named. @throws {UserError} if it is outside the permitted directories. */
  #directory(): { directory: string; within?: string } {
    const { job } = this.#session;
    if (job.direction !== "push") throw new ProtocolError("bad-message", "Cannot measure the disk of a source");
    const home = Deno.cwd();
    const confinement = confine(this.#options.limits, home, this.#machine.files.paths);
    const base = confinement?.base ?? home;
    const directory = fullPath(job.target, { tilde: !this.#options.local, base, confinement });
    confinement?.check("write", directory, job.target);
    return { directory, within: confinement?.root };
  }
}
