/** Formats the results of a benchmark as Markdown tables. */

import type { BenchCase } from "./cases.ts";
import { type Measure, median } from "./measure.ts";

/** Results of one contender in one case. */
export interface Result {
  contender: string;
  /** Factor by which its data was smaller. Times, but not memory, are multiplied by it. */
  shrunk?: number;
  rounds: Measure[];
  /** Peak of the largest process of each end in bytes; undefined if not measured. */
  memory: { local?: number; remote?: number };
  /** Size of the file on disk in bytes. */
  allocated?: { source: number; target: number };
  /** Reason of missing figures. */
  failure?: string;
}

/** A case with its results. */
export interface CaseResults {
  item: BenchCase;
  results: Result[];
}

/** Formats a table with a row per contender. Times are medians, and the ratio is the speed relative to scp. */
export function formatTable({ item, results }: CaseResults): string {
  const scp = results.find((result) => result.contender === "scp");
  const scpSeconds = scp && medianWall(scp);
  const rows = [
    ["", "seconds", "fastest", item.files > 1 ? "files/s" : "MB/s", "x scp", "CPU s", "MiB local", "MiB remote"],
    ...results.map((result) => formatRow(item, result, scpSeconds)),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: string[]) =>
    `| ${row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])).join(" | ")} |`;
  const rule = `|${widths.map((width, at) => "-".repeat(width + 1) + (at === 0 ? "-" : ":")).join("|")}|`;
  const failures = results.filter((result) => result.failure).map(({ contender, failure }) =>
    `- ${contender}: ${failure}`
  );
  const allocated = results.flatMap(({ contender, allocated: bytes }) =>
    bytes && bytes.source < item.bytes / 2
      ? [`- ${contender}: takes ${formatMemory(bytes.target)} MiB, its source ${formatMemory(bytes.source)} MiB`]
      : []
  );
  return [
    `### ${item.title}`,
    "",
    line(rows[0]),
    rule,
    ...rows.slice(1).map(line),
    ...failures.length + allocated.length > 0 ? ["", ...failures, ...allocated] : [],
  ]
    .join("\n");
}

/** Returns the median wall time in seconds for the whole data; `undefined` without a run. */
export function medianWall({ rounds, shrunk = 1 }: Result): number | undefined {
  return rounds.length === 0 ? undefined : median(rounds.map((round) => round.wallSeconds)) * shrunk;
}

function formatRow(item: BenchCase, result: Result, scpSeconds: number | undefined): string[] {
  const { rounds, memory, shrunk = 1 } = result;
  const contender = shrunk > 1 ? `${result.contender}, 1/${shrunk} of it times ${shrunk}` : result.contender;
  const seconds = medianWall(result);
  if (seconds === undefined) return [contender, ...Array(7).fill("-")];
  const amount = item.files > 1 ? item.files : item.bytes / 1e6;
  return [
    contender,
    seconds.toFixed(3),
    (Math.min(...rounds.map((round) => round.wallSeconds)) * shrunk).toFixed(3),
    amount / seconds < 10 ? "-" : (amount / seconds).toFixed(0),
    scpSeconds === undefined ? "-" : (scpSeconds / seconds).toFixed(2),
    (median(rounds.map((round) => round.cpuSeconds)) * shrunk).toFixed(2),
    formatMemory(memory.local),
    formatMemory(memory.remote),
  ];
}

function formatMemory(bytes: number | undefined): string {
  return bytes === undefined ? "-" : (bytes / 2 ** 20).toFixed(0);
}
