/** What keeps a copy from being faster, out of what was measured. */

import type { Direction, End, Facts, ThroughputFacts } from "./step.ts";
import { type BottleneckFacts } from "./step.ts";

/** So many times as fast as one stream: several are worth having. */
const WORTH_STREAMS = 1.3;
/** An end is busy when it keeps this share of the cores busy that it can use. */
const BUSY = 0.85;
/** Sealing is to blame when it takes this share of what a busy end does. */
const CIPHER_SHARE = 0.5;

/** For each direction that was measured. */
export function findBottlenecks(facts: Facts): BottleneckFacts[] {
  return (["push", "pull"] as const).flatMap((direction) => {
    const transfer = asCopied(facts, direction);
    if (!transfer) return [];
    const disk = slowestDisk(facts, direction);
    if (disk && disk.bytesPerSecond < transfer.bytesPerSecond) return [{ direction, what: "disk" as const, ...disk }];
    return [{ direction, ...limitOf(facts, transfer), bytesPerSecond: transfer.bytesPerSecond }];
  });
}

/** The transfer in this direction with as many streams as a copy has; undefined: there was none. */
export function asCopied({ throughput }: Facts, direction: Direction): ThroughputFacts | undefined {
  const all = throughput.filter((it) => it.direction === direction);
  return all.toSorted((a, b) => b.streams - a.streams)[0];
}

/** How many times as fast as one stream all of them are; undefined where that was not measured. */
export function gainOfStreams({ throughput }: Facts, direction: Direction): number | undefined {
  const all = throughput.filter((it) => it.direction === direction);
  const one = all.find(({ streams }) => streams === 1);
  const several = all.find(({ streams }) => streams > 1);
  return one && several && several.bytesPerSecond / one.bytesPerSecond;
}

function slowestDisk({ disk }: Facts, direction: Direction): { end: End; bytesPerSecond: number } | undefined {
  const [from, to]: End[] = direction === "push" ? ["here", "there"] : ["there", "here"];
  const speeds: { end: End; bytesPerSecond: number }[] = [];
  const [source, target] = [disk[from], disk[to]];
  // From memory it says nothing about the disk.
  if (source && !source.cached) speeds.push({ end: from, bytesPerSecond: source.readBytesPerSecond });
  if (target) speeds.push({ end: to, bytesPerSecond: target.writeBytesPerSecond });
  return speeds.toSorted((a, b) => a.bytesPerSecond - b.bytesPerSecond)[0];
}

function limitOf(facts: Facts, transfer: ThroughputFacts): Pick<BottleneckFacts, "what" | "end"> {
  const ends = (["there", "here"] as const).map((end) => ({ end, share: busyShare(facts, transfer, end) }));
  const [{ end, share }] = ends.toSorted((a, b) => b.share - a.share);
  if (share >= BUSY) {
    const cipher = facts.cipher[end];
    const sealing = cipher ? transfer.bytesPerSecond / cipher.bytesPerSecond : 0;
    const cores = end === "here" ? transfer.coresHere : transfer.coresThere ?? 1;
    return { what: sealing / cores >= CIPHER_SHARE ? "cipher" : "processor", end };
  }
  if (facts.tunnel !== undefined) return { what: "ssh" };
  const gain = gainOfStreams(facts, transfer.direction);
  return { what: gain !== undefined && gain >= WORTH_STREAMS ? "one stream" : "network" };
}

/** What an end used of the cores that its threads can use. */
function busyShare({ system }: Facts, { streams, coresHere, coresThere }: ThroughputFacts, end: End): number {
  const used = end === "here" ? coresHere : coresThere;
  const facts = system[end];
  if (used === undefined || !facts) return 0;
  // Without threads for the streams all of them share one; a single stream has one as well.
  const usable = streams === 1 || facts.threads === 0 ? 1 : Math.min(facts.cores, facts.threads);
  return used / usable;
}
