/**
 * The script of a report, which runs in a browser: draws the charts of the page. scripts/report_page.ts bundles it with uPlot into
 * src/ui/report/page/page_code.ts.
 */

/// <reference lib="dom" />

import uPlot from "uplot";
import type { Chart } from "../../src/ui/report/page/charts.ts";

/** Colours of lines, distinguishable with most kinds of colour blindness (Okabe and Ito). */
const LINES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b59f00"];
const DARK_LINES = ["#56b4e9", "#ff9a55", "#2fd0a2", "#f0a3cd", "#ffc34d", "#8fd3ff", "#b0b0b0", "#e5d94c"];
const HEIGHT = 220;
const ZOOM = 2;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** Lines of a tooltip. */
const MAX_TIPS = 12;

const charts: Chart[] = JSON.parse(document.getElementById("charts")?.textContent ?? "[]");
const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const range = document.getElementById("range");
let isPrinting = false;
let plots: uPlot[] = [];

/** Returns a number with three digits. */
function short(value: number): string {
  if (Number.isInteger(value) && value < 1000) return String(value);
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

function formatBytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return `${short(value / 1024 ** power)} ${UNITS[power]}`;
}

function formatValue(value: number | null | undefined, unit: Chart["unit"]): string {
  if (value === null || value === undefined) return "";
  if (unit === "bytes") return formatBytes(value);
  if (unit === "bytes/s") return `${formatBytes(value)}/s`;
  return unit === "ms" ? `${short(value)} ms` : short(value);
}

/** Increments of axes in bytes are powers of 2. */
const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Shows the values below the cursor. Texts are set as text. */
function tooltip(chart: Chart): uPlot.Plugin {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const show = (plot: uPlot) => {
    const { idx, left = -1, top = 0 } = plot.cursor;
    if (idx === null || idx === undefined || left < 0) {
      tip.hidden = true;
      return;
    }
    const rows = chart.lines.flatMap(({ label, values }) => {
      const text = formatValue(values[idx], chart.unit);
      return text === "" ? [] : [`${label}: ${text}`];
    });
    const more = rows.length > MAX_TIPS ? [`and ${rows.length - MAX_TIPS} more`] : [];
    tip.textContent = [`${chart.seconds[idx].toFixed(2)} s`, ...rows.slice(0, MAX_TIPS), ...more].join("\n");
    tip.hidden = false;
    const fits = left + tip.offsetWidth + 20 < plot.over.clientWidth;
    tip.style.left = `${fits ? left + 12 : left - tip.offsetWidth - 12}px`;
    tip.style.top = `${Math.max(0, Math.min(top, plot.over.clientHeight - tip.offsetHeight))}px`;
  };
  return { hooks: { init: (plot) => void plot.over.append(tip), setCursor: show } };
}

function draw(chart: Chart, parent: HTMLElement): uPlot {
  const isDark = darkScheme.matches && !isPrinting;
  const [text, grid] = isDark ? ["#ccc", "#3a3a3a"] : ["#333", "#ddd"];
  const colours = isDark ? DARK_LINES : LINES;
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const isBytes = chart.unit === "bytes" || chart.unit === "bytes/s";
  const options: uPlot.Options = {
    width: Math.max(200, parent.clientWidth),
    height: HEIGHT,
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : 1] } },
    cursor: { sync: { key: "run", scales: ["x", null] }, drag: { x: true, y: false }, points: { size: 6 } },
    legend: { show: chart.lines.length > 1, live: false },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((tick) => `${Number(tick.toPrecision(6))} s`) },
      {
        ...axis,
        size: 84,
        ...(isBytes ? { incrs: BYTE_STEPS } : {}),
        values: (_, ticks) => ticks.map((tick) => formatValue(tick, chart.unit)),
      },
    ],
    series: [
      {},
      ...chart.lines.map(({ label }, at) => ({
        label,
        stroke: colours[at % colours.length],
        width: 2,
        dash: at >= colours.length ? [6, 4] : undefined,
        points: { show: chart.seconds.length < 3 },
      })),
    ],
    plugins: [tooltip(chart)],
    hooks: { setScale: [(plot, scale) => scale === "x" && showRange(plot)] },
  };
  return new uPlot(options, [chart.seconds, ...chart.lines.map(({ values }) => values)], parent);
}

function showRange({ scales: { x: { min, max } } }: uPlot): void {
  if (range && min !== null && max !== null && min !== undefined && max !== undefined) {
    range.textContent = `${min.toFixed(2)} s to ${max.toFixed(2)} s`;
  }
}

/** Draws all charts in the current colours. */
function drawAll(): void {
  const shown = plots.length > 0 ? { ...plots[0].scales.x } : undefined;
  for (const plot of plots) plot.destroy();
  plots = charts.flatMap((chart, at) => {
    const parent = document.getElementById(`chart-${at}`);
    return parent ? [draw(chart, parent)] : [];
  });
  if (shown?.min !== undefined && shown.max !== undefined) showPart(shown.min!, shown.max!);
}

function showPart(min: number, max: number): void {
  for (const plot of plots) plot.setScale("x", { min, max });
}

/** Shows a part of the current range around its middle. @param factor above 1: a smaller part. */
function zoom(factor: number): void {
  const { min, max } = plots[0].scales.x;
  const [first, last] = [charts[0].seconds[0], charts[0].seconds.at(-1)!];
  const middle = ((min ?? first) + (max ?? last)) / 2;
  const half = ((max ?? last) - (min ?? first)) / 2 / factor;
  showPart(Math.max(first, middle - half), Math.min(last, middle + half));
}

function onClick(id: string, action: () => void): void {
  document.getElementById(id)?.addEventListener("click", action);
}

if (charts.length > 0) {
  drawAll();
  onClick("zoom-in", () => zoom(ZOOM));
  onClick("zoom-out", () => zoom(1 / ZOOM));
  onClick("zoom-reset", () => showPart(charts[0].seconds[0], charts[0].seconds.at(-1)!));
  darkScheme.addEventListener("change", drawAll);
  // Paper is white.
  matchMedia("print").addEventListener("change", ({ matches }) => {
    isPrinting = matches;
    drawAll();
  });
  addEventListener("resize", () => {
    for (const plot of plots) {
      plot.setSize({ width: Math.max(200, plot.root.parentElement!.clientWidth), height: HEIGHT });
    }
  });
}
