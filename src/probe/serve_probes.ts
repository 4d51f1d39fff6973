/** The remote end of a session that measures: it finds out what its client asks, one thing after the other. */

import { measureCipher } from "./cipher_speed.ts";
import { ProtocolError, UserError } from "../errors.ts";
import { measureDisk } from "./disk_speed.ts";
import { fullPath } from "../files/target/plan.ts";
import { TIMEOUT_MS } from "../protocol/limits.ts";
import { checkCongestion } from "../native/net/congestion.ts";
import type { Finding, Probe } from "../protocol/control/probe.ts";
import type { CopySession } from "../session/model/remote_session.ts";
import type { AuthenticatedStream, Session } from "../session/model/session.ts";
import { fixedCount } from "../session/model/stream_count.ts";
import type { Machine } from "../transfer/machine.ts";
import type { RemoteJobOptions } from "../transfer/remote/session_limits.ts";
import { checkDirection, confine } from "../transfer/remote/session_limits.ts";
import { answerEchoes } from "./stream_echo.ts";
import { systemFacts } from "./system_facts.ts";
import { measureThroughput } from "./throughput.ts";

/** Streams that a client may bring up over all measurements. */
const MOST_STREAMS = 1 << 12;

/** Answers until the client has no more questions. @throws what ended the session. */
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
      answer({ what: "failed", failure: { code: "", path: "", message: error.message, hint: error.hint ?? "" } });
    };
    // The client may go away before it opens that stream: somebody has to hear of it.
    if (probe.what === "stream") probes.echo().then(() => answer({ what: "stream" }), () => {});
    else await probes.find(probe).then(answer, refused);
  }
}

class Probes {
  readonly #session: CopySession;
  readonly #machine: Machine;
  readonly #options: RemoteJobOptions;
  /** Who gets the next stream; undefined: nobody yet. */
  #take: ((stream: AuthenticatedStream) => void) | undefined;
  /** A client may open streams before this end has heard what they are for: those that came early. */
  #early: AuthenticatedStream[] = [];
  #accepting = false;

  constructor(session: CopySession, machine: Machine, options: RemoteJobOptions) {
    this.#session = session;
    this.#machine = machine;
    this.#options = options;
  }

  /** @throws {UserError} what this host cannot do, or does not allow. */
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
        // The client begins when it has heard that it may.
        this.#session.control.send({ type: "probed", finding: { what: "ready" } });
        const { load } = await measureThroughput({
          session: this.#lasting(),
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

  /** Answers on the next stream until it ends. */
  async echo(): Promise<void> {
    const { engine, job } = this.#session;
    this.#expect();
    const stream = await new Promise<AuthenticatedStream>((resolve) => this.#await(resolve));
    await answerEchoes(stream, engine, job.timeoutMs ?? TIMEOUT_MS);
  }

  /** A session for one of several transfers: streams go to the one that is under way. */
  #lasting(): Session {
    return {
      ...this.#session,
      bringUp: (_, take) => {
        this.#await(take);
        return new Promise(() => {});
      },
    };
  }

  /** From now on streams belong to the next who awaits some. */
  #expect(): void {
    this.#take = undefined;
    if (this.#accepting) return;
    this.#accepting = true;
    const accept = (stream: AuthenticatedStream) => this.#take ? this.#take(stream) : this.#early.push(stream);
    this.#session.bringUp(fixedCount(MOST_STREAMS), accept).catch(() => {});
  }

  #await(take: (stream: AuthenticatedStream) => void): void {
    this.#take = take;
    this.#early.splice(0).forEach(take);
  }

  /** The directory that the client has named. @throws {UserError} when it may not be used. */
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
