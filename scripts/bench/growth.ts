/** Growth of time with the amount of data in a series of cases. */

import { type CaseResults, medianWall } from "./table.ts";

/** Step from one case of a series to the next, which has twice the data. */
export interface Doubling {
  series: string;
  from: string;
  to: string;
  /** Median time of the larger case divided by that of the smaller one; undefined if one failed. */
  ratio?: number;
}

/** Returns the steps of the first contender in the order of the cases. */
export function doublings(finished: CaseResults[]): Doubling[] {
  return finished.slice(1).flatMap((larger, index) => {
    const smaller = finished[index];
    const { series, title } = larger.item;
    if (series === undefined || smaller.item.series !== series) return [];
    const [before, after] = [medianWall(smaller.results[0]), medianWall(larger.results[0])];
    const ratio = before === undefined || after === undefined ? undefined : after / before;
    return [{ series, from: smaller.item.title, to: title, ratio }];
  });
}

/** Formats one line per step. */
export function formatDoublings(all: Doubling[]): string {
  return all.map(({ from, to, ratio }) => `- ${from} -> ${to}: ${ratio?.toFixed(2) ?? "-"} times the time`).join("\n");
}
