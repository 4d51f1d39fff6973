/** The cases that the model predicts and the check measures: both ends on one machine with two cores. */

import { PACK_FILE_LIMIT } from "../../../src/protocol/limits.ts";
import { workersFor } from "../../../src/transfer/streams/stream_policy.ts";
import { logNormalSizes } from "../data.ts";
import type { Costs } from "./costs.ts";
import { type End, type Item, type Outcome, simulate } from "./transfer.ts";
import { largeFile, mixedFiles, smallFiles } from "./workloads.ts";

/** Sizes of the cases. */
export interface CaseSizes {
  bigBytes: number;
  smallFiles: number;
  mixedFiles: number;
  mixedBytes: number;
}

export const USUAL_SIZES: CaseSizes = { bigBytes: 2 ** 31, smallFiles: 20_000, mixedFiles: 1_000, mixedBytes: 2 ** 30 };
export const SMALL_BYTES = 4096;
/** Default number of connections, for short round trips. */
export const STREAMS = 4;
/** Default window of Linux. */
export const WINDOW_BYTES = 4 << 20;

export interface ModelCase {
  name: "big-push" | "many-files" | "log-normal";
  title: string;
  bytes: number;
  items(costs: Costs): Iterable<Item>;
}

/** Returns the cases. Their names are those of the benchmark. */
export function modelCases(sizes: CaseSizes): ModelCase[] {
  const mixed = logNormalSizes(sizes.mixedFiles, sizes.mixedBytes);
  return [
    {
      name: "big-push",
      title: `one file of ${sizes.bigBytes / 2 ** 20} MiB`,
      bytes: sizes.bigBytes,
      items: (costs) => largeFile(costs, sizes.bigBytes),
    },
    {
      name: "many-files",
      title: `${sizes.smallFiles} files of 4 KiB`,
      bytes: sizes.smallFiles * SMALL_BYTES,
      items: (costs) => smallFiles(costs, new Array<number>(sizes.smallFiles).fill(SMALL_BYTES)),
    },
    {
      name: "log-normal",
      title: `${sizes.mixedFiles} files of log-normal sizes, ${sizes.mixedBytes / 2 ** 20} MiB`,
      bytes: sizes.mixedBytes,
      items: (costs) => mixedFiles(costs, mixed),
    },
  ];
}

/** Number of files of `announcedFiles`. */
const ANNOUNCED_FILES = 200;

/** Returns the sizes of files that are barely large: each is announced on the control channel. */
export function announcedFiles(): number[] {
  return new Array<number>(ANNOUNCED_FILES).fill(PACK_FILE_LIMIT + SMALL_BYTES);
}

/**
 * Returns the costs with those of announcing a large file, which crosses both processes of escp, ssh and its server: the
 * processor time of a copy of `announcedFiles` that nothing else explains, half of it at each end.
 */
export function withAnnouncements(costs: Costs, start: SessionStart, measuredCpuSeconds: number): Costs {
  const link = { bytesPerSecond: Infinity, roundTripSeconds: 0, windowBytes: WINDOW_BYTES };
  const end: End = { machine: "this machine", cores: 2, threads: 1 };
  const items = mixedFiles(costs, announcedFiles());
  const { cpuSeconds } = simulate({ sender: end, receiver: end, streams: STREAMS, link, items });
  const explained = start.cpuSeconds + Object.values(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  const announce = Math.max(0, measuredCpuSeconds - explained) / ANNOUNCED_FILES / 2;
  const { send, receive } = costs.largeFiles;
  return { ...costs, largeFiles: { send: { ...send, announce }, receive: { ...receive, announce } } };
}

/** Start and end of a session: a copy of 1 KiB, in seconds, and its processor time. */
export interface SessionStart {
  seconds: number;
  cpuSeconds: number;
}

/** A prediction with the start of the session. */
export interface Prediction {
  seconds: number;
  cpuSeconds: number;
  outcome: Outcome;
}

/** Predicts a case on one machine with both ends. */
export function predict(item: ModelCase, costs: Costs, cores: number, start: SessionStart): Prediction {
  const end: End = { machine: "this machine", cores, threads: threadsFor(STREAMS, cores) };
  const link = { bytesPerSecond: Infinity, roundTripSeconds: 0, windowBytes: WINDOW_BYTES };
  const outcome = simulate({ sender: end, receiver: end, streams: STREAMS, link, items: item.items(costs) });
  const used = Object.values(outcome.cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  return { seconds: start.seconds + outcome.seconds, cpuSeconds: start.cpuSeconds + used, outcome };
}

/** Returns the number of threads that run streams, by the rules of escp. */
export function threadsFor(streams: number, cores: number): number {
  return Math.max(1, workersFor(streams, cores, { busy: false }));
}
