/** Predicts copies between two large machines, and what single techniques change. */

import { MAX_STREAMS } from "../../../src/protocol/limits.ts";
import type { Costs } from "./costs.ts";
import { threadsFor, WINDOW_BYTES } from "./cases.ts";
import type { Step } from "./thread.ts";
import { type Item, type Outcome, simulate } from "./transfer.ts";
import { largeFile } from "./workloads.ts";

/** One copy from a machine to another. */
export interface Scenario {
  gigabitsPerSecond: number;
  /** Of each machine. */
  cores: number;
  streams: number;
  /** Files that are written at the same time. */
  files: number;
  roundTripSeconds: number;
  blockBytes: number;
}

export interface LargePrediction {
  bytesPerSecond: number;
  /** Resource with the highest utilization. */
  limit: string;
  /** Used part of it, from 0 to 1. */
  used: number;
  /** Processor time of both ends. */
  cpuSecondsPerGib: number;
}

/** A change of the work. */
export interface Technique {
  name: string;
  /** Returns the work with the technique; undefined if it was not measured. */
  apply(item: Item, costs: Costs): Item | undefined;
  blockBytes?: number;
}

/** Bytes of a simulated copy: enough that its start and its end do not matter. */
const SIMULATED_BYTES = 16 * 2 ** 30;
const SHORT_ROUND_TRIP = 0.0001;
const LONG_ROUND_TRIP = 0.05;
const BLOCK_BYTES = 1 << 20;
/** One file per stream. */
const MANY_FILES = 64;

/** Returns the scenarios of the table. */
export function scenarios(): Scenario[] {
  const shared = { roundTripSeconds: SHORT_ROUND_TRIP, blockBytes: BLOCK_BYTES };
  return [100, 400].flatMap((gigabitsPerSecond) =>
    [16, 32, 64].flatMap((cores) => {
      const streams = streamsOf(cores);
      return [
        { ...shared, gigabitsPerSecond, cores, streams: 4, files: 1 },
        { ...shared, gigabitsPerSecond, cores, streams, files: 1 },
        { ...shared, gigabitsPerSecond, cores, streams, files: MANY_FILES },
        ...cores === 64
          ? [{ ...shared, gigabitsPerSecond, cores, streams, files: MANY_FILES, roundTripSeconds: LONG_ROUND_TRIP }]
          : [],
      ];
    })
  );
}

/** Returns one stream per thread. */
export function streamsOf(cores: number): number {
  return threadsFor(MAX_STREAMS, cores);
}

/** Simulates a scenario. @returns undefined if the technique was not measured. */
export function predictLarge(costs: Costs, scenario: Scenario, technique?: Technique): LargePrediction | undefined {
  const { files, gigabitsPerSecond, cores, streams, roundTripSeconds } = scenario;
  const blockBytes = technique?.blockBytes ?? scenario.blockBytes;
  const changed: Item[] = [];
  for (let file = 0; file < files; file++) {
    for (const item of largeFile(costs, blockBytes, { blockBytes, file })) {
      const applied = technique ? technique.apply(item, costs) : item;
      if (!applied) return undefined;
      changed.push(applied);
    }
  }
  const threads = threadsFor(streams, cores);
  const outcome = simulate({
    sender: { machine: "the sender", cores, threads },
    receiver: { machine: "the receiver", cores, threads },
    streams,
    link: { bytesPerSecond: gigabitsPerSecond * 1e9 / 8, roundTripSeconds, windowBytes: WINDOW_BYTES },
    items: repeat(changed, SIMULATED_BYTES / blockBytes),
  });
  const limit = limitOf(outcome);
  const cpu = Object.values(outcome.cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  return {
    bytesPerSecond: outcome.bytes / outcome.seconds,
    limit: limit.used < 0.8 ? "window and round trip" : limit.name.replace(/^file$/, "lock of the file"),
    used: limit.used,
    cpuSecondsPerGib: cpu / (outcome.bytes / 2 ** 30),
  };
}

/** Returns the resource with the highest utilization. A thread that waits for a lock is taken, too, but does not limit. */
function limitOf({ utilization }: Outcome): { name: string; used: number } {
  const [first] = utilization;
  const equal = utilization.filter(({ used }) => used > first.used - 0.02);
  return equal.find(({ name }) => !name.startsWith("thread")) ?? first;
}

function* repeat(items: Item[], count: number): Generator<Item> {
  for (let made = 0; made < count; made++) yield items[made % items.length];
}

/** Returns the techniques. Each but the last changes escp of today. */
export function techniques(): Technique[] {
  const pinned: Technique = {
    name: "threads bound to the cores of their sockets",
    apply: (item, { techniques: { receiveSame, receiveAcross } }) =>
      Number.isFinite(receiveSame)
        ? changeStage(item, "receive", (step) => times(step, receiveSame / receiveAcross))
        : undefined,
  };
  const zerocopy: Technique = {
    name: "MSG_ZEROCOPY, without a copy",
    apply: (item, { techniques: { plainSend, zerocopySend, copy } }) =>
      changeStage(item, "send", (step) => times(step, Math.max(0, zerocopySend - copy) / plainSend)),
  };
  const directReads = directAccess("read", { inFlight: true });
  const directWrites = directAccess("write", { inFlight: true });
  return [
    pinned,
    zerocopy,
    {
      name: "MSG_ZEROCOPY, if the kernel copies",
      apply: (item, { techniques: { plainSend, zerocopySend } }) =>
        changeStage(item, "send", (step) => times(step, zerocopySend / plainSend)),
    },
    directAccess("read", { inFlight: false }),
    directReads,
    directAccess("write", { inFlight: false }),
    directWrites,
    { name: "blocks of 8 MiB", apply: (item) => item, blockBytes: 8 << 20 },
    { name: "blocks of 64 KiB", apply: (item) => item, blockBytes: 64 << 10 },
    {
      name: "bound, MSG_ZEROCOPY, O_DIRECT in flight",
      apply: (item, costs) =>
        [pinned, zerocopy, directReads, directWrites].reduce<Item | undefined>(
          (changed, technique) => changed && technique.apply(changed, costs),
          item,
        ),
    },
  ];
}

/** O_DIRECT for one kind of access. With several in flight, no thread waits for the disk. */
function directAccess(kind: "read" | "write", { inFlight }: { inFlight: boolean }): Technique {
  const stage = `${kind} file`;
  return {
    name: `O_DIRECT ${kind}s, ${inFlight ? "several in flight" : "one at a time"}`,
    apply(item, { techniques: { directRead, directWrite, blockBytes } }) {
      const cost = kind === "read" ? directRead : directWrite;
      if (!cost) return undefined;
      const factor = item.bytes / blockBytes;
      const wait = { stage: "wait for the disk", seconds: (cost.elapsed - cost.cpu) * factor, waits: true };
      return changeStage(item, stage, () => ({ stage, seconds: cost.cpu * factor }), inFlight ? undefined : wait);
    },
  };
}

/** Replaces a step of an item, and adds one after it. */
function changeStage(item: Item, stage: string, change: (step: Step) => Step, after?: Step): Item {
  const changed = (steps: Step[]) =>
    steps.flatMap((step) => step.stage !== stage ? [step] : [change(step), ...after ? [after] : []]);
  return { ...item, send: changed(item.send), receive: changed(item.receive) };
}

function times(step: Step, factor: number): Step {
  return { ...step, seconds: step.seconds * factor };
}
