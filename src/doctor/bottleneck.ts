/** Finds the bottleneck of a copy from the measurements. */

import type { BottleneckFacts, Direction, End, Facts, ThroughputFacts } from "./step.ts";

/** Speedup over one stream from which on several streams help. */
const WORTH_STREAMS = 1.3;
/** Share of the usable cores from which on a machine is busy. */
export const BUSY = 0.85;
/** Share of encryption in the work of a busy machine from which on the cipher is the bottleneck. */
const CIPHER_SHARE = 0.5;

/** Returns the bottleneck for each measured direction. */
export function findBottlenecks(facts: Facts): BottleneckFacts[] {
  return (["push", "pull"] as const).flatMap((direction) => {
    const transfer = transferWithMostStreams(facts, direction);
    if (!transfer) return [];
    const disk = slowestDisk(facts, direction);
    if (disk && disk.bytesPerSecond < transfer.bytesPerSecond) return [{ direction, what: "disk" as const, ...disk }];
    return [{ direction, ...limitOf(facts, transfer), bytesPerSecond: transfer.bytesPerSecond }];
  });
}

/** Returns the measured transfer with most streams, as a copy uses them; undefined if there is none. */
export function transferWithMostStreams({ throughput }: Facts, direction: Direction): ThroughputFacts | undefined {
  const all = throughput.filter((it) => it.direction === direction);
  return all.toSorted((a, b) => b.streams - a.streams)[0];
}

/** Returns the speedup of several streams over one stream; undefined if that was not measured. */
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
  // A read from the page cache does not measure the disk.
  if (source && !source.cached) speeds.push({ end: from, bytesPerSecond: source.readBytesPerSecond });
  if (target) speeds.push({ end: to, bytesPerSecond: target.writeBytesPerSecond });
  return speeds.toSorted((a, b) => a.bytesPerSecond - b.bytesPerSecond)[0];
}

function limitOf(facts: Facts, transfer: ThroughputFacts): Pick<BottleneckFacts, "what" | "end"> {
  const ends = (["there", "here"] as const).map((end) => ({ end, share: busyShare(facts, transfer, end) }));
  const [{ end, share }] = ends.toSorted((a, b) => b.share - a.share);
  if (share >= BUSY) {
    const cipher = facts.cipher[end];
    const encryption = cipher ? transfer.bytesPerSecond / cipher.bytesPerSecond : 0;
    const cores = end === "here" ? transfer.coresHere : transfer.coresThere ?? 1;
    return { what: encryption / cores >= CIPHER_SHARE ? "cipher" : "processor", end };
  }
  if (facts.tunnel !== undefined) return { what: "ssh" };
  const gain = gainOfStreams(facts, transfer.direction);
  return { what: gain !== undefined && gain >= WORTH_STREAMS ? "one stream" : "network" };
}

/** Returns the share of its usable cores that a machine kept busy. */
function busyShare({ system }: Facts, { streams, coresHere, coresThere }: ThroughputFacts, end: End): number {
  const used = end === "here" ? coresHere : coresThere;
  const facts = system[end];
  if (used === undefined || !facts) return 0;
  // Without threads for streams, all streams share one thread. A single stream has one thread too.
  const usable = streams === 1 || facts.threads === 0 ? 1 : Math.min(facts.cores, facts.threads);
  return used / usable;
}
