/** The steps of `--doctor` over one session. */

import { measureCipher } from "../probe/cipher_speed.ts";
import { UserError } from "../errors.ts";
import { measureDisk } from "../probe/disk_speed.ts";
import { BLOCK_BYTES } from "../protocol/limits.ts";
import { MIN_PROBE_MS } from "../protocol/control/probe.ts";
import type { CopyJob } from "../protocol/control/job.ts";
import { type ClientSession, openClientSession } from "../session/model/client_session.ts";
import { streamsForRtt } from "../session/model/stream_count.ts";
import { openMachine } from "../transfer/machine.ts";
import type { OpenPeer } from "../transfer/client/open_peers.ts";
import { systemFacts } from "../probe/system_facts.ts";
import type { Throughput } from "../probe/throughput.ts";
import { findBottlenecks } from "./bottleneck.ts";
import type { DoctorOptions } from "./doctor_options.ts";
import { coresOf, Measuring, StepFailed } from "./measuring.ts";
import type { Direction, Facts, Step, StepFacts } from "./step.ts";

/** A cipher is as fast after this as after any longer time. */
const CIPHER_MS = 300;

/** Who hears of the steps. */
interface Listener {
  tell(step: Step): void;
  /** What fails when the session ends now. */
  begin(step: StepFacts): void;
}

/** See above. */
export class Examination {
  readonly #options: DoctorOptions;
  readonly #facts: Facts;
  readonly #listener: Listener;

  constructor(options: DoctorOptions, facts: Facts, listener: Listener) {
    this.#options = options;
    this.#facts = facts;
    this.#listener = listener;
  }

  /** @throws what ends the session. */
  async run(peer: OpenPeer): Promise<void> {
    const options = this.#options;
    const facts = this.#facts;
    const startedAt = performance.now();
    const machine = openMachine(options.engine, options.threads);
    const job = jobOf(options);
    const session = await openClientSession(peer.process, {
      job,
      // What an older one cannot do is left out, by name.
      needed: [],
      cipher: options.cipher,
      engine: machine.cipher,
      reach: options.reach,
      // What it has to say is said by the steps.
      tell: () => {},
      timeoutMs: options.timeoutMs,
      helloTimeoutMs: options.helloTimeoutMs,
      family: options.family,
    });
    peer.session = session;
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    this.#listener.tell({ step: "login", host: facts.host, seconds, status: "ok" });
    this.#tellVersion(session);
    const measuring = new Measuring(session, machine, job, options);
    if (session.features.includes("probe")) await this.#everything(measuring);
    else await this.#whatOlderOnesCan(measuring);
    for (const found of findBottlenecks(facts)) this.#listener.tell({ step: "bottleneck", ...found, status: "ok" });
    session.control.send({ type: "bye" });
    await session.control.flushed();
  }

  #tellVersion({ hello: { software }, features }: ClientSession): void {
    const found = { step: "escp", version: software, versionHere: this.#options.version } as const;
    if (features.includes("probe")) return this.#listener.tell({ ...found, status: "ok" });
    this.#listener.tell({
      ...found,
      status: "warn",
      problem: `escp ${software} there cannot measure: of what follows only a part can be found out`,
      hint: "Install the same version of escp on both machines",
    });
  }

  async #everything(measuring: Measuring): Promise<void> {
    const { ms, cipher, directoryHere, signal } = this.#options;
    const facts = this.#facts;
    this.#systemHere(measuring);
    await this.#step({ step: "system", end: "there" }, async () => {
      const { system } = await measuring.ask({ what: "system", streams: facts.streams }, "system");
      facts.system.there = system;
      return { system };
    });
    await this.#step({ step: "round trip", over: "control" }, async () => {
      const ms = await measuring.roundTrip();
      facts.roundTripMs = ms;
      return { ms };
    });
    const times = await this.#ports(measuring, () => measuring.streamRoundTrips());
    facts.roundTripMs = Math.min(...times);
    this.#listener.tell({ step: "round trip", over: "stream", ms: facts.roundTripMs, status: "ok" });
    const { tunnel, mostStreams } = measuring.session;
    facts.streams = streamsForRtt(tunnel === undefined ? facts.roundTripMs : undefined, this.#options.streams);
    const most = Math.min(facts.streams, mostStreams);
    for (const direction of ["push", "pull"] as const) {
      for (const count of most === 1 ? [1] : [1, most]) {
        const measured = await this.#throughput(direction, count, () => measuring.throughput(direction, count));
        if (!measured) break;
      }
    }
    // A host that takes no copies lets nobody write.
    if (facts.throughput.some(({ direction }) => direction === "push")) {
      await this.#step({ step: "disk", end: "there" }, async () => {
        const { disk } = await measuring.ask({ what: "disk", ms }, "disk");
        facts.disk.there = disk;
        return { disk };
      });
    }
    await this.#step({ step: "disk", end: "here" }, async () => {
      const disk = await measureDisk(measuring.machine.files, { directory: directoryHere, ms, signal });
      facts.disk.here = disk;
      return { disk };
    });
    const cipherMs = Math.max(MIN_PROBE_MS, Math.min(ms, CIPHER_MS));
    await this.#step({ step: "cipher", end: "there" }, async () => {
      const found = await measuring.ask({ what: "cipher", ms: cipherMs }, "cipher");
      facts.cipher.there = found.cipher;
      return { cipher: found.cipher };
    });
    await this.#step({ step: "cipher", end: "here" }, async () => {
      const bytesPerSecond = await measureCipher(measuring.machine.cipher, cipher, cipherMs);
      facts.cipher.here = { name: cipher, bytesPerSecond };
      return { cipher: facts.cipher.here };
    });
  }

  /** A push of dummies is all that they know. */
  async #whatOlderOnesCan(measuring: Measuring): Promise<void> {
    const { streams } = this.#facts;
    const { tell } = this.#listener;
    const skipped = {
      status: "skipped",
      problem: `escp ${measuring.session.hello.software} there cannot do that`,
    } as const;
    this.#systemHere(measuring);
    tell({ step: "system", end: "there", ...skipped });
    tell({ step: "round trip", over: "control", ...skipped });
    if (measuring.session.features.includes("dummy")) {
      const found = await this.#ports(measuring, () => measuring.send(streams));
      tell({ step: "round trip", over: "stream", ...skipped });
      await this.#throughput("push", streams, () => Promise.resolve({ found }));
      tell({ step: "throughput", direction: "pull", streams, ...skipped });
    } else {
      tell({ step: "ports", attempts: [], ...skipped });
      tell({ step: "round trip", over: "stream", ...skipped });
      for (const direction of ["push", "pull"] as const) tell({ step: "throughput", direction, streams, ...skipped });
    }
    tell({ step: "disk", end: "there", ...skipped });
    tell({ step: "cipher", end: "there", ...skipped });
  }

  #systemHere({ machine }: Measuring): void {
    const system = systemFacts(machine, this.#facts.streams);
    this.#facts.system.here = system;
    this.#listener.tell({ step: "system", end: "here", system, status: "ok" });
  }

  /** Brings up the first stream for some work, and tells how that was possible. @throws when it is not. */
  async #ports<T>({ session }: Measuring, work: () => Promise<T>): Promise<T> {
    const { begin, tell } = this.#listener;
    begin({ step: "ports", attempts: [] });
    const result = await work();
    const { attempts, address, tunnel } = session;
    const found = { step: "ports" as const, attempts, address, ...(tunnel === undefined ? {} : { tunnel }) };
    if (tunnel === undefined) tell({ ...found, status: "ok" });
    else {
      this.#facts.tunnel = tunnel;
      this.#facts.portsToOpen = session.opening(this.#facts.host);
      const always = this.#options.reach.tunnel === "always";
      const problem = always ? "--tunnel always" : "no data port can be reached";
      tell({ ...found, status: always ? "ok" : "warn", problem });
    }
    return result;
  }

  /** @returns whether the other end allows it: one direction is enough to copy something. */
  async #throughput(
    direction: Direction,
    streams: number,
    measure: () => Promise<{ found: Throughput; coresThere?: number }>,
  ): Promise<boolean> {
    const step = { step: "throughput", direction, streams } as const;
    const isLast = direction === "pull" && this.#facts.throughput.length === 0;
    return await this.#step(step, async () => {
      const { found: { bytes, ms, load, streams }, coresThere } = await measure();
      const facts = {
        direction,
        streams,
        bytesPerSecond: Math.round(bytes / ms * 1000),
        coresHere: coresOf(load),
        ...(coresThere === undefined ? {} : { coresThere }),
      };
      this.#facts.throughput.push(facts);
      return facts;
    }, isLast ? "fail" : "warn");
  }

  /**
   * What one step finds, or why it could not: the session goes on then.
   *
   * @param otherwise its status then.
   * @returns whether it could.
   */
  async #step(
    step: StepFacts,
    find: () => Promise<Partial<StepFacts>>,
    otherwise: "warn" | "fail" = "fail",
  ): Promise<boolean> {
    const { begin, tell } = this.#listener;
    begin(step);
    try {
      tell({ ...step, ...await find(), status: "ok" } as Step);
      return true;
    } catch (error) {
      if (!(error instanceof StepFailed || (error instanceof UserError && step.step === "disk"))) throw error;
      const { message, hint } = error;
      tell({ ...step, status: otherwise, problem: message, ...(hint === undefined ? {} : { hint }) });
      return false;
    }
  }
}

/** A push of dummies to those that know nothing of probes: as long as nothing is sent, nothing is done. */
function jobOf({ directoryThere, timeoutMs, blockBytes, congestion }: DoctorOptions): CopyJob {
  return {
    direction: "push",
    target: directoryThere,
    probe: true,
    dummy: "both",
    recursive: false,
    preserve: false,
    symlinks: "follow",
    hardlinks: false,
    blockBytes: blockBytes ?? BLOCK_BYTES,
    timeoutMs,
    congestion,
    filters: [],
    salt: crypto.randomUUID(),
  };
}
