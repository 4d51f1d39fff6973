/** Formats measured costs and predictions as Markdown tables. */

import { type Measure, median } from "../measure.ts";
import type { ModelCase, Prediction } from "./cases.ts";
import { type Costs, costsOf, total } from "./costs.ts";
import type { LargePrediction, Scenario } from "./large_machines.ts";

const MIB = 2 ** 20;

/** Formats rows of cells; the first row is the heading. All columns but the first are aligned to the right. */
export function formatRows(rows: string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: string[]) =>
    `| ${row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])).join(" | ")} |`;
  const rule = `| ${
    widths.map((width, at) => at === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":").join(" | ")
  } |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join("\n");
}

/** Shows the stages of blocks: the time per block for each size, and the time per GiB with blocks of 1 MiB. */
export function formatBlocks({ blocks }: Costs): string {
  const sizes = Object.keys(blocks).map(Number).sort((a, b) => a - b);
  const stagesOf = (end: "send" | "receive") => Object.keys(blocks[MIB][end]);
  const row = (name: string, seconds: (size: number) => number) => [
    name,
    ...sizes.map((size) => (seconds(size) * 1e6).toFixed(0)),
    (seconds(MIB) * 1024).toFixed(2),
  ];
  return formatRows([
    ["stage, in us per block", ...sizes.map((size) => formatBlock(size)), "s/GiB"],
    ...(["send", "receive"] as const).flatMap((end) => [
      ...stagesOf(end).map((stage) => row(`${end}: ${stage}`, (size) => blocks[size][end][stage])),
      row(`${end}: all`, (size) => total(blocks[size][end])),
    ]),
  ]);
}

/** Shows the stages of small and large files, without the blocks of large ones. */
export function formatFiles({ packs, largeFiles }: Costs): string {
  const [small, medium] = [4096, 256 << 10].map((bytes) => costsOf(packs, bytes));
  const us = (seconds: number) => (seconds * 1e6).toFixed(1);
  return formatRows([
    ["stage, in us per file", "4 KiB", "256 KiB", "more than 1 MiB"],
    ...(["send", "receive"] as const).flatMap((end) => [
      ...Object.keys(packs.perItem[end]).map((stage) => [
        `${end}: ${stage}`,
        us(small[end][stage]),
        us(medium[end][stage]),
        "-",
      ]),
      ...Object.entries(largeFiles[end]).map(([stage, seconds]) => [`${end}: ${stage}`, "-", "-", us(seconds)]),
      [`${end}: all`, us(total(small[end])), us(total(medium[end])), us(total(largeFiles[end]))],
    ]),
  ]);
}

/** A case with the prediction and the real copy of each round. */
export interface CheckedCase {
  item: ModelCase;
  predictions: Pick<Prediction, "seconds" | "cpuSeconds">[];
  measured: Measure[];
}

/** Compares predictions with real copies: medians of all rounds, and the ratios of single rounds. */
export function formatCheck(cases: CheckedCase[]): string {
  return formatRows([
    ["case", "predicted", "measured", "ratio", "ratios", "CPU predicted", "CPU measured", "CPU ratio"],
    ...cases.map(({ item, predictions, measured }) => {
      const ratios = predictions.map(({ seconds }, round) => seconds / measured[round].wallSeconds);
      const cpuRatios = predictions.map(({ cpuSeconds }, round) => cpuSeconds / measured[round].cpuSeconds);
      return [
        item.title,
        `${median(predictions.map(({ seconds }) => seconds)).toFixed(2)} s`,
        `${median(measured.map(({ wallSeconds }) => wallSeconds)).toFixed(2)} s`,
        median(ratios).toFixed(2),
        `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
        `${median(predictions.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2)} s`,
        `${median(measured.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2)} s`,
        median(cpuRatios).toFixed(2),
      ];
    }),
  ]);
}

/** Shows predictions without real copies. */
export function formatPredictions(cases: { item: ModelCase; prediction: Prediction }[]): string {
  return formatRows([
    ["case", "predicted", "CPU", "limit"],
    ...cases.map(({ item, prediction: { seconds, cpuSeconds, outcome } }) => [
      item.title,
      `${seconds.toFixed(2)} s`,
      `${cpuSeconds.toFixed(2)} s`,
      outcome.utilization[0]?.name ?? "-",
    ]),
  ]);
}

/** Shows what limits large machines. */
export function formatScenarios(all: { scenario: Scenario; prediction: LargePrediction }[]): string {
  return formatRows([
    ["link", "cores", "round trip", "streams", "files at once", "GB/s", "of the link", "limit", "CPU s/GiB"],
    ...all.map(({ scenario, prediction }) => [
      `${scenario.gigabitsPerSecond} Gbit/s`,
      `${scenario.cores}`,
      `${scenario.roundTripSeconds * 1000} ms`,
      `${scenario.streams}`,
      `${scenario.files}`,
      formatRate(prediction),
      `${(prediction.bytesPerSecond * 8 / 1e9 / scenario.gigabitsPerSecond * 100).toFixed(0)} %`,
      prediction.limit,
      prediction.cpuSecondsPerGib.toFixed(2),
    ]),
  ]);
}

/** A technique in several scenarios; undefined: not measured. */
export interface TechniqueRow {
  name: string;
  predictions: (LargePrediction | undefined)[];
}

/** Shows what techniques change. The first row is escp without any of them. */
export function formatTechniques(titles: string[], rows: TechniqueRow[]): string {
  const [{ predictions: without }] = rows;
  const change = (now: number, before: number) =>
    `${now >= before ? "+" : ""}${((now / before - 1) * 100).toFixed(0)} %`;
  return formatRows([
    ["technique", ...titles.map((title) => `${title}: GB/s`), "CPU s/GiB"],
    ...rows.map(({ name, predictions }, row) => {
      const last = predictions.at(-1);
      const cpu = without.at(-1)!.cpuSecondsPerGib;
      return [
        name,
        ...predictions.map((prediction, at) =>
          prediction === undefined ? "-" : formatRate(prediction) +
            (row === 0 ? "" : ` (${change(prediction.bytesPerSecond, without[at]!.bytesPerSecond)})`)
        ),
        last === undefined
          ? "-"
          : last.cpuSecondsPerGib.toFixed(2) + (row === 0 ? "" : ` (${change(last.cpuSecondsPerGib, cpu)})`),
      ];
    }),
  ]);
}

/** Lists the measurements behind the techniques, in microseconds. */
export function formatMeasuredTechniques({ techniques }: Costs): string {
  const { directRead, directWrite, writes } = techniques;
  const us = (seconds: number) => (seconds * 1e6).toFixed(0);
  const list: [string, string][] = [
    ["send(2)", us(techniques.plainSend)],
    [
      techniques.zerocopyCopied ? "send(2) with MSG_ZEROCOPY, the kernel copied" : "send(2) with MSG_ZEROCOPY",
      us(techniques.zerocopySend),
    ],
    ["copy in memory", us(techniques.copy)],
    ["recv(2), sender on another core", us(techniques.receiveAcross)],
    ["recv(2), sender on the same core", us(techniques.receiveSame)],
    ["write, another thread writes to the same file (elapsed)", us(writes.oneFile)],
    ["write, another thread writes to another file (elapsed)", us(writes.twoFiles)],
  ];
  if (directRead) {
    list.push(["O_DIRECT read", us(directRead.cpu)]);
    list.push(["O_DIRECT read, one at a time (elapsed)", us(directRead.elapsed)]);
    list.push(["O_DIRECT read, eight in flight (elapsed)", us(directRead.inFlight)]);
  }
  if (directWrite) {
    list.push(["O_DIRECT write", us(directWrite.cpu)]);
    list.push(["O_DIRECT write, one at a time (elapsed)", us(directWrite.elapsed)]);
  }
  list.push(["one connection, not a block (elapsed)", us(techniques.connection)]);
  return formatRows([[`us per block of ${formatBlock(techniques.blockBytes)}`, ""], ...list]);
}

function formatRate({ bytesPerSecond }: LargePrediction): string {
  return (bytesPerSecond / 1e9).toFixed(1);
}

function formatBlock(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes / 1024} KiB`;
}
