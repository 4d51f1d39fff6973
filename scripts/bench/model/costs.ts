/** Measured costs of the stages, in seconds of one core, and their medians over several measurements. */

import { median } from "../measure.ts";

/** Seconds by stage. The order of the keys is the order of the work. */
export type Stages = Record<string, number>;

/** Work of both ends on the same data. */
export interface BothEnds {
  send: Stages;
  receive: Stages;
}

/** Work that grows linearly: with the number of items, and with their bytes. */
export interface LinearCosts {
  perItem: BothEnds;
  perByte: BothEnds;
}

/** All costs. */
export interface Costs {
  /** Work per block, by the size of the block. */
  blocks: Record<number, BothEnds>;
  /** Work per small file. */
  packs: LinearCosts;
  /** Work per large file, without its blocks: opening it, creating its partial file, and the commit. */
  largeFiles: BothEnds;
  /** Details of single techniques, in seconds. */
  techniques: Techniques;
}

/** Measurements for the techniques that are compared. Seconds per block of `blockBytes`, unless stated otherwise. */
export interface Techniques {
  blockBytes: number;
  /** Processor time of send(2), which copies the block, and with MSG_ZEROCOPY, whose block loopback copies later. */
  plainSend: number;
  zerocopySend: number;
  /** Whether the kernel reported that it has copied. */
  zerocopyCopied: boolean;
  /** A copy of the block in memory. */
  copy: number;
  /** Receiving a block if sender and receiver are on different cores, and on the same core. */
  receiveAcross: number;
  receiveSame: number;
  /** Reading past the page cache: processor time, elapsed time with one read at a time, and with eight in flight. */
  directRead?: { cpu: number; elapsed: number; inFlight: number };
  /** Writing past the page cache: processor time and elapsed time. */
  directWrite?: { cpu: number; elapsed: number };
  /** Elapsed time of a write while another thread writes to the same file, and to another file. */
  writes: { oneFile: number; twoFiles: number };
  /** One connection: connect(2), accept(2) and close(2), in seconds. */
  connection: number;
}

/** Returns the sum of all stages. */
export function total(stages: Stages): number {
  return Object.values(stages).reduce((sum, seconds) => sum + seconds, 0);
}

/** Returns stages times a factor. */
export function scale(stages: Stages, factor: number): Stages {
  return Object.fromEntries(Object.entries(stages).map(([stage, seconds]) => [stage, seconds * factor]));
}

/** Returns the sums by stage. */
export function add(left: Stages, right: Stages): Stages {
  const sum = { ...left };
  for (const [stage, seconds] of Object.entries(right)) sum[stage] = (sum[stage] ?? 0) + seconds;
  return sum;
}

/** A measurement of items of one size. */
export interface Sample {
  /** Bytes of an item. */
  bytes: number;
  /** Work per item. */
  ends: BothEnds;
}

/** Fits a straight line through two sizes. Costs that shrink with the size are constant: measurements vary. */
export function fitLine(small: Sample, large: Sample): LinearCosts {
  const perByte = { send: {} as Stages, receive: {} as Stages };
  const perItem = { send: {} as Stages, receive: {} as Stages };
  for (const end of ["send", "receive"] as const) {
    for (const [stage, seconds] of Object.entries(small.ends[end])) {
      const slope = Math.max(0, ((large.ends[end][stage] ?? 0) - seconds) / (large.bytes - small.bytes));
      perByte[end][stage] = slope;
      perItem[end][stage] = Math.max(0, seconds - slope * small.bytes);
    }
  }
  return { perItem, perByte };
}

/** Returns the work of one block of any size. Sizes that were not measured are on the line of the two smallest sizes. */
export function blockCosts({ blocks }: Costs, bytes: number): BothEnds {
  const exact = blocks[bytes];
  if (exact) return exact;
  const [small, large] = Object.keys(blocks).map(Number).sort((a, b) => a - b);
  return costsOf(fitLine({ bytes: small, ends: blocks[small] }, { bytes: large, ends: blocks[large] }), bytes);
}

/** Returns the work of one item. */
export function costsOf({ perItem, perByte }: LinearCosts, bytes: number): BothEnds {
  return {
    send: add(perItem.send, scale(perByte.send, bytes)),
    receive: add(perItem.receive, scale(perByte.receive, bytes)),
  };
}

/** Returns measurements of the same shape with the median of each number. Other values are those of the first. */
export function medianOf<Value>(all: Value[]): Value {
  const [first] = all;
  if (typeof first === "number") return median(all as number[]) as Value;
  if (typeof first !== "object" || first === null) return first;
  const entries = Object.keys(first).map((key) => [key, medianOf(all.map((each) => each[key as keyof Value]))]);
  return Object.fromEntries(entries) as Value;
}
