/** Processor time of two contenders that run in pairs: both ends, ssh and its server. */

import { median } from "./measure.ts";
import type { CaseResults } from "./table.ts";

/** Processor time of the last contender divided by that of the first one. */
export interface CpuRatio {
  title: string;
  contender: string;
  baseline: string;
  /** One per round in which both have finished. */
  ratios: number[];
}

/** Returns the ratios of the cases that compare processor time. */
export function cpuRatios(finished: readonly CaseResults[]): CpuRatio[] {
  return finished.filter(({ item }) => item.comparesCpu).map(({ item: { title }, results }) => {
    const [first, last] = [results[0], results.at(-1)!];
    const rounds = Math.min(first.rounds.length, last.rounds.length);
    const ratios = Array.from(
      { length: rounds },
      (_, round) => last.rounds[round].cpuSeconds / first.rounds[round].cpuSeconds,
    );
    return { title, contender: last.contender, baseline: first.contender, ratios };
  });
}

/** Formats one line per case. */
export function formatCpuRatios(all: readonly CpuRatio[]): string {
  return all.map(({ title, contender, baseline, ratios }) => {
    const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)]
      .map((ratio) => ratios.length === 0 ? "-" : ratio.toFixed(3));
    const pairs = `median of ${ratios.length} pairs, ${least} to ${most}`;
    return `- ${title}: ${contender} takes ${middle} times the processor time of ${baseline} (${pairs})`;
  }).join("\n");
}
