/** The steps of `--doctor` in one session. */

import { measureCipher } from "../probe/cipher_speed.ts";
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
import type { DoctorOptions } from "./options.ts";
import { coresOf, Measuring } from "./measuring.ts";
import type { Direction, Facts } from "./step.ts";
import type { StepReporter } from "./step_reporter.ts";

/** Maximum time for measuring a cipher, in milliseconds. Longer measurements give the same result. */
const CIPHER_MS = 300;

/** Opens the session, measures, reports each step and collects the facts. */
export class Examination {
  readonly #options: DoctorOptions;
  readonly #facts: Facts;
  readonly #steps: StepReporter;

  constructor(options: DoctorOptions, facts: Facts, steps: StepReporter) {
    this.#options = options;
    this.#facts = facts;
    this.#steps = steps;
  }

  /** @throws the error that ended the session. */
  async run(peer: OpenPeer): Promise<void> {
    const options = this.#options;
    const facts = this.#facts;
    const startedAt = performance.now();
    const machine = await openMachine(options.engine, options.threads);
    const job = jobOf(options);
    const session = await openClientSession(peer.process, {
      job,
      // Steps that an older version does not support are skipped by name.
      needed: [],
      cipher: options.cipher,
      engine: machine.cipher,
      reach: options.reach,
      // The steps contain the same information as the notes of the session.
      note: () => {},
      timeoutMs: options.timeoutMs,
      helloTimeoutMs: options.helloTimeoutMs,
      family: options.family,
    });
    peer.session = session;
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    this.#steps.report({ step: "login", host: facts.host, seconds, status: "ok" });
    this.#reportVersion(session);
    const measuring = new Measuring(session, machine, job, options);
    if (session.features.includes("probe")) await this.#measureAll(measuring);
    else await this.#measureOlder(measuring);
    for (const found of findBottlenecks(facts)) this.#steps.report({ step: "bottleneck", ...found, status: "ok" });
    session.control.send({ type: "bye" });
    await session.control.flushed();
  }

  #reportVersion({ hello: { software }, features }: ClientSession): void {
    const found = { step: "escp", version: software, versionHere: this.#options.version } as const;
    if (features.includes("probe")) return this.#steps.report({ ...found, status: "ok" });
    this.#steps.report({
      ...found,
      status: "warn",
      problem: `escp ${software} on ${this.#facts.host} cannot measure, so some steps are skipped`,
      hint: "Install the same version of escp on both machines",
    });
  }

  async #measureAll(measuring: Measuring): Promise<void> {
    const facts = this.#facts;
    const steps = this.#steps;
    this.#reportLocalSystem(measuring);
    await steps.run({ step: "system", end: "there" }, async () => {
      const { system } = await measuring.request({ what: "system", streams: facts.streams }, "system");
      facts.system.there = system;
      return { system };
    });
    await steps.run({ step: "round trip", over: "control" }, async () => {
      const ms = await measuring.roundTrip();
      facts.roundTripMs = ms;
      return { ms };
    });
    const times = await this.#ports(measuring, () => measuring.streamRoundTrips());
    facts.roundTripMs = Math.min(...times);
    steps.report({ step: "round trip", over: "stream", ms: facts.roundTripMs, status: "ok" });
    const { tunnel } = measuring.session;
    facts.streams = streamsForRtt(tunnel === undefined ? facts.roundTripMs : undefined, this.#options.streams);
    const maxStreams = Math.min(facts.streams, measuring.session.maxStreams);
    for (const direction of ["push", "pull"] as const) {
      for (const count of maxStreams === 1 ? [1] : [1, maxStreams]) {
        const measured = await this.#throughput(direction, count, () => measuring.throughput(direction, count));
        if (!measured) break;
      }
    }
    await this.#measureDisks(measuring);
    await this.#measureCiphers(measuring);
  }

  async #measureDisks(measuring: Measuring): Promise<void> {
    const { ms, localDirectory, signal } = this.#options;
    const facts = this.#facts;
    // A host that does not accept copies does not allow writing to its disk either.
    if (facts.throughput.some(({ direction }) => direction === "push")) {
      await this.#steps.run({ step: "disk", end: "there" }, async () => {
        const { disk } = await measuring.request({ what: "disk", ms }, "disk");
        facts.disk.there = disk;
        return { disk };
      });
    }
    await this.#steps.run({ step: "disk", end: "here" }, async () => {
      const disk = await measureDisk(measuring.machine.files, { directory: localDirectory, ms, signal });
      facts.disk.here = disk;
      return { disk };
    });
  }

  async #measureCiphers(measuring: Measuring): Promise<void> {
    const { cipher } = this.#options;
    const facts = this.#facts;
    const ms = Math.max(MIN_PROBE_MS, Math.min(this.#options.ms, CIPHER_MS));
    await this.#steps.run({ step: "cipher", end: "there" }, async () => {
      const found = await measuring.request({ what: "cipher", ms }, "cipher");
      facts.cipher.there = found.cipher;
      return { cipher: found.cipher };
    });
    await this.#steps.run({ step: "cipher", end: "here" }, async () => {
      const bytesPerSecond = await measureCipher(measuring.machine.cipher, cipher, ms);
      facts.cipher.here = { name: cipher, bytesPerSecond };
      return { cipher: facts.cipher.here };
    });
  }

  /** Measures with a version of escp that only supports a push of synthetic files. */
  async #measureOlder(measuring: Measuring): Promise<void> {
    const { streams, host } = this.#facts;
    const steps = this.#steps;
    const skipped = {
      status: "skipped",
      problem: `escp ${measuring.session.hello.software} on ${host} does not support this step`,
    } as const;
    this.#reportLocalSystem(measuring);
    steps.report({ step: "system", end: "there", ...skipped });
    steps.report({ step: "round trip", over: "control", ...skipped });
    if (measuring.session.features.includes("dummy")) {
      const found = await this.#ports(measuring, () => measuring.send(streams));
      steps.report({ step: "round trip", over: "stream", ...skipped });
      await this.#throughput("push", streams, () => Promise.resolve({ found }));
      steps.report({ step: "throughput", direction: "pull", streams, ...skipped });
    } else {
      steps.report({ step: "ports", attempts: [], ...skipped });
      steps.report({ step: "round trip", over: "stream", ...skipped });
      for (const direction of ["push", "pull"] as const) {
        steps.report({ step: "throughput", direction, streams, ...skipped });
      }
    }
    steps.report({ step: "disk", end: "there", ...skipped });
    steps.report({ step: "cipher", end: "there", ...skipped });
  }

  #reportLocalSystem({ machine }: Measuring): void {
    const system = systemFacts(machine, this.#facts.streams);
    this.#facts.system.here = system;
    this.#steps.report({ step: "system", end: "here", system, status: "ok" });
  }

  /** Runs work that opens the first stream, and reports the route of the stream. @throws if there is no route. */
  async #ports<T>({ session }: Measuring, work: () => Promise<T>): Promise<T> {
    const steps = this.#steps;
    steps.begin({ step: "ports", attempts: [] });
    const result = await work();
    const { attempts, address, tunnel } = session;
    const found = { step: "ports" as const, attempts, address, ...(tunnel === undefined ? {} : { tunnel }) };
    if (tunnel === undefined) steps.report({ ...found, status: "ok" });
    else {
      this.#facts.tunnel = tunnel;
      this.#facts.portsToOpen = await session.opening(this.#facts.host);
      const always = this.#options.reach.tunnel === "always";
      const problem = always ? "--tunnel always" : session.blockedReason(this.#facts.host);
      steps.report({ ...found, status: always ? "ok" : "warn", problem });
    }
    return result;
  }

  /** Measures one direction. A host that refuses one direction is a warning, both a failure. @returns whether it succeeded. */
  async #throughput(
    direction: Direction,
    streams: number,
    measure: () => Promise<{ found: Throughput; coresThere?: number }>,
  ): Promise<boolean> {
    const step = { step: "throughput", direction, streams } as const;
    const isLast = direction === "pull" && this.#facts.throughput.length === 0;
    return await this.#steps.run(step, async () => {
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
}

/** Returns the job of the session: a push of synthetic files for older versions. Without any files, it does nothing. */
function jobOf({ remoteDirectory, timeoutMs, blockBytes, congestion }: DoctorOptions): CopyJob {
  return {
    direction: "push",
    target: remoteDirectory,
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
