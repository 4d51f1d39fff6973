/** The page of a benchmark. */

import { formatRate } from "../../format.ts";
import type { BenchmarkCase, BenchmarkReport } from "../report.ts";
import { barChart } from "./bar_chart.ts";
import type { Html } from "./html.ts";
import type { PageContents } from "./page.ts";
import { section, table, terms } from "./tables.ts";

/** Returns the contents of the page. */
export function benchmarkPage({ machine, cases, startedAt }: BenchmarkReport): PageContents {
  return {
    title: "Benchmark",
    charts: [],
    before: [terms([["Started", startedAt], ...Object.entries(machine)]), ...cases.map(caseSection)],
    after: [],
  };
}

function caseSection(found: BenchmarkCase): Html {
  return section(
    found.title,
    speeds(found),
    table("Median and fastest of all rounds", found.results, [
      { title: "Program", value: ({ program }) => program },
      { title: "Seconds", isNumber: true, value: ({ seconds }) => shown(median(seconds)) },
      {
        title: "Fastest",
        isNumber: true,
        value: ({ seconds }) => shown(seconds.length > 0 ? seconds.reduce((a, b) => Math.min(a, b)) : NaN),
      },
      { title: "CPU seconds", isNumber: true, value: ({ cpuSeconds }) => shown(median(cpuSeconds)) },
      { title: "Failure", value: ({ failure }) => failure },
    ]),
  );
}

function speeds({ results, files, bytes }: BenchmarkCase): Html {
  const bars = results.flatMap(({ program, seconds }) => {
    const time = median(seconds);
    if (!(time > 0)) return [];
    const text = files > 1 ? `${Math.round(files / time)} files/s` : formatRate(bytes / time);
    return [{ label: program, start: 0, length: 1 / time, text }];
  });
  const fastest = bars.reduce((most, { length }) => Math.max(most, length), 0);
  return barChart({ title: "Speed", note: "Longer bars are faster." }, bars, fastest);
}

function shown(seconds: number): string {
  return Number.isNaN(seconds) ? "-" : seconds.toFixed(3);
}

/** Returns the median; NaN of no values. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
