/** Measures network and ciphers by a transfer of synthetic files that are not written. */

import process from "node:process";
import { createNullEngine } from "../files/null/engine.ts";
import { SYNTHETIC_ROOTS, SyntheticWalk } from "../files/null/synthetic.ts";
import { MAX_PLAIN_ROOTS } from "../protocol/limits.ts";
import type { Load } from "../protocol/control/probe.ts";
import type { Session } from "../session/model/session.ts";
import { fixedCount } from "../session/model/stream_count.ts";
import { agreedOptions } from "../transfer/agreed_options.ts";
import type { TransferEvent } from "../transfer/events.ts";
import type { Machine } from "../transfer/machine.ts";
import { receive } from "../transfer/receive/receive.ts";
import { send } from "../transfer/send/send.ts";
import { SMALL_JOB } from "../transfer/streams/stream_policy.ts";

/** Session, role and size of a measurement. */
export interface ThroughputOptions {
  /** Not closed by the measurement. */
  session: Session;
  machine: Machine;
  /** Role of this machine. */
  part: "send" | "receive";
  /** Salt of the job. */
  salt: string;
  blockBytes: number;
  timeoutMs: number;
  streams: number;
  /** Congestion control of the sender's connections. Default: that of the system. */
  congestion?: string;
  /** Time to send. The measurement takes longer, until all sent data has arrived. In milliseconds. */
  ms: number;
}

/** Result of a measurement. */
export interface Throughput {
  bytes: number;
  /** Time since the streams were connected. */
  ms: number;
  streams: number;
  /** Processor time of this machine in the same period. */
  load: Load;
}

/** Sends or receives synthetic files. @throws as a transfer. */
export async function measureThroughput(
  { session, machine, part, streams, ms, ...job }: ThroughputOptions,
): Promise<Throughput> {
  let started = { at: performance.now(), cpu: process.cpuUsage() };
  const emit = ({ type }: TransferEvent) => {
    if (type === "connected") started = { at: performance.now(), cpu: process.cpuUsage() };
  };
  // A transfer closes its session, but this session is used for further measurements.
  const kept: Session = { ...session, close() {} };
  const files = createNullEngine(machine.files);
  const nullMachine = { ...machine, files, umask: 0o077 };
  const agreed = agreedOptions({
    ...job,
    recursive: false,
    preserve: false,
    symlinks: "follow",
    hardlinks: false,
    direct: false,
    filters: [],
  });
  const shared = { session: kept, machine: nullMachine, job: agreed, streams: fixedCount(streams), emit };
  const walk = () => new SyntheticWalk({ files: SMALL_JOB.files + 1, ms, now: () => performance.now() });
  const outcome = part === "send"
    ? await send({
      ...shared,
      machine: { ...nullMachine, files: { ...files, walk } },
      roots: SYNTHETIC_ROOTS.map((root) => ({ ...root, operand: 0 })),
      operands: 1,
      notFound: 0,
    })
    : await receive({
      ...shared,
      target: "",
      others: 0,
      toOutput: false,
      base: "/",
      tilde: false,
      maxSources: MAX_PLAIN_ROOTS,
      acceptSources: (sources) => sources,
    });
  const elapsed = performance.now() - started.at;
  const { user, system } = process.cpuUsage(started.cpu);
  const load = { cpuMs: Math.round((user + system) / 1000), ms: Math.round(elapsed) };
  return { bytes: outcome.bytes, ms: elapsed, streams: outcome.streams, load };
}
