/** Measures together with the remote host. */

import { ProtocolError, UserError } from "../errors.ts";
import type { CopyJob } from "../protocol/control/job.ts";
import type { Finding, Load, Probe } from "../protocol/control/probe.ts";
import type { ClientSession } from "../session/model/client_session.ts";
import type { AuthenticatedStream, Session } from "../session/model/session.ts";
import { fixedCount } from "../session/model/stream_count.ts";
import type { Machine } from "../transfer/machine.ts";
import { timeEchoes } from "../probe/stream_echo.ts";
import { measureThroughput, type Throughput } from "../probe/throughput.ts";
import type { DoctorOptions } from "./options.ts";
import type { Direction } from "./step.ts";

/** Number of timed round trips. The shortest counts. */
const ROUNDS = 5;

/** The remote host cannot measure something, or does not allow it. The session continues. */
export class StepFailed extends UserError {
  override name = "StepFailed";
}

/** Requests measurements over one session. */
export class Measuring {
  readonly session: ClientSession;
  readonly machine: Machine;
  readonly #job: CopyJob;
  readonly #options: DoctorOptions;

  constructor(session: ClientSession, machine: Machine, job: CopyJob, options: DoctorOptions) {
    this.session = session;
    this.machine = machine;
    this.#job = job;
    this.#options = options;
  }

  /** Requests one measurement from the remote host. @throws {StepFailed} */
  async request<W extends Finding["what"]>(probe: Probe, expected: W): Promise<Extract<Finding, { what: W }>> {
    this.session.control.send({ type: "probe", probe });
    return await this.#finding(expected);
  }

  /** Returns the shortest round trip over the control channel, in milliseconds. */
  async roundTrip(): Promise<number> {
    let shortest = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      const sentAt = performance.now();
      await this.request({ what: "echo" }, "echo");
      shortest = Math.min(shortest, performance.now() - sentAt);
    }
    return shortest;
  }

  /** Returns round trips over a new stream, in milliseconds. @throws {StartError} if there is no route for streams. */
  async streamRoundTrips(): Promise<number[]> {
    const { control, engine } = this.session;
    control.send({ type: "probe", probe: { what: "stream" } });
    // If the stream goes through the control channel, it makes no progress unless the channel is read.
    const answered = this.#finding("stream");
    answered.catch(() => {});
    const timed = (async () => {
      const stream = await new Promise<AuthenticatedStream>((resolve, reject) => {
        this.session.bringUp(fixedCount(1), resolve).catch(reject);
      });
      return await timeEchoes(stream, engine, { rounds: ROUNDS, idleTimeoutMs: this.#options.timeoutMs });
    })();
    timed.catch(() => {});
    // Rejects if the remote host fails before the stream does.
    const refused = answered.then(() => timed);
    const times = await Promise.race([timed, refused]);
    await answered;
    return times;
  }

  /** Measures one direction. @throws {StepFailed} */
  async throughput(direction: Direction, streams: number): Promise<{ found: Throughput; coresThere: number }> {
    await this.request({ what: "throughput", direction, streams, ms: this.#options.ms }, "ready");
    const found = await this.#measure(direction === "push" ? "send" : "receive", streams);
    const { load } = await this.#finding("throughput");
    return { found, coresThere: coresOf(load) };
  }

  /** Measures the only transfer of a session with a version that cannot measure. */
  async send(streams: number): Promise<Throughput> {
    return await this.#measure("send", streams);
  }

  async #measure(part: "send" | "receive", streams: number): Promise<Throughput> {
    const { secrets, control, features, engine } = this.session;
    const session: Session = {
      role: "client",
      secrets,
      control,
      features,
      engine,
      bringUp: (count, take) => this.session.bringUp(count, take),
      close() {},
      gone: () => Promise.resolve(),
    };
    const { salt, blockBytes } = this.#job;
    const { ms, timeoutMs, congestion } = this.#options;
    const { machine } = this;
    const job = { salt, blockBytes, timeoutMs, ...(part === "send" ? { congestion } : {}) };
    const found = await measureThroughput({ ...job, session, machine, part, streams, ms });
    // A late stream must not be mistaken for one of the next measurement.
    await this.session.settled();
    return found;
  }

  async #finding<W extends Finding["what"]>(expected: W): Promise<Extract<Finding, { what: W }>> {
    const { finding } = await this.session.control.expect("probed");
    if (finding.what === "failed") {
      const { message, hint } = finding.failure;
      throw new StepFailed(message, { hint: hint || undefined });
    }
    if (finding.what !== expected) {
      throw new ProtocolError("bad-order", `Cannot accept the finding "${finding.what}" now: expected "${expected}"`);
    }
    return finding as Extract<Finding, { what: W }>;
  }
}

/** Returns the number of busy cores. */
export function coresOf({ cpuMs, ms }: Load): number {
  return Math.round(cpuMs / Math.max(1, ms) * 100) / 100;
}
