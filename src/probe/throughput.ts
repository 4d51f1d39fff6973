/** A transfer of contents that nobody has to a target that is none: what the network and the ciphers can do. */

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
import { SMALL_JOB } from "../transfer/stream_policy.ts";

/** What a measurement works with. */
export interface ThroughputOptions {
  /** Stays open. */
  session: Session;
  machine: Machine;
  /** Whether this end is the sender or the receiver. */
  part: "send" | "receive";
  /** Of the job. */
  salt: string;
  blockBytes: number;
  timeoutMs: number;
  streams: number;
  /** Congestion control of the sender's connections; undefined: what the system has. */
  congestion?: string;
  /** How long is sent; how long it takes is told by what is under way then. */
  ms: number;
}

/** What was measured. */
export interface Throughput {
  bytes: number;
  /** From when the streams were there. */
  ms: number;
  streams: number;
  /** Of this end, for as long. */
  load: Load;
}

/** Sends or receives. @throws what ends a transfer. */
export async function measureThroughput(
  { session, machine, part, streams, ms, ...job }: ThroughputOptions,
): Promise<Throughput> {
  const begun = { at: performance.now(), cpu: process.cpuUsage() };
  const emit = ({ type }: TransferEvent) => {
    if (type === "connected") Object.assign(begun, { at: performance.now(), cpu: process.cpuUsage() });
  };
  // Each transfer ends its session, which has more to do here.
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
      mostSources: MAX_PLAIN_ROOTS,
      acceptSources: (sources) => sources,
    });
  const elapsed = performance.now() - begun.at;
  const { user, system } = process.cpuUsage(begun.cpu);
  const load = { cpuMs: Math.round((user + system) / 1000), ms: Math.round(elapsed) };
  return { bytes: outcome.bytes, ms: elapsed, streams: outcome.streams, load };
}
