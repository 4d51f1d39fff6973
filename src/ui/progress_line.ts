import { formatBytes, formatClock, formatCount, formatRate } from "./format.ts";
import { percentOf, type ProgressState } from "./progress_state.ts";
import { rateOf } from "./rate_meter.ts";
import { cutToWidth, textWidth } from "./text_width.ts";

/** Time without progress after which the line shows a stall instead of an outdated rate. */
export const STALLED_AFTER_MS = 5000;

/** Options of one line. */
export interface LineOptions {
  /** Maximum width in columns. The line is cut below about 20. */
  readonly width: number;
  /** Time of the clock that the state uses. */
  readonly nowMs: number;
  /** Escaped name of the copy, shown before the numbers if there is space. */
  readonly label?: string;
  /** Rates in bits instead of bytes. */
  readonly bits?: boolean;
}

/**
 * Returns the progress of a transfer as one line that is never wider than `width`:
 * ` 45%  1.2 GiB of 2.6 GiB   361 MiB/s  ETA 0:04  212 of 420 files`
 * A narrow line omits the least important numbers.
 */
export function progressLine(state: ProgressState, { width, nowMs, label, bits = false }: LineOptions): string {
  const numbers = numbersThatFit(width, parts(state, nowMs, bits));
  if (!label) return numbers;
  const room = width - textWidth(numbers) - 2;
  return room >= Math.min(textWidth(label), MIN_LABEL) ? `${cutToWidth(label, room)}  ${numbers}` : numbers;
}

/** Minimum width of a truncated name in columns. A shorter name would be useless. */
const MIN_LABEL = 12;

function numbersThatFit(width: number, part: ReturnType<typeof parts>): string {
  const lead = part.percent ?? part.bytes;
  const layouts = [
    [part.percent, part.bytesOfTotal, part.rate, part.eta, part.files, part.failed],
    [part.percent, part.bytesOfTotal, part.rate, part.eta, part.failed],
    [part.percent, part.bytes, part.rate, part.eta, part.failed],
    [part.percent, part.bytes, part.rate, part.eta],
    [lead, part.rate, part.eta],
    [lead, part.rate],
  ];
  for (const layout of layouts) {
    const line = layout.filter((text) => text !== undefined).join("  ");
    if (line.length <= width) return line;
  }
  return cutToWidth(lead, width);
}

/** Returns the parts of the line; undefined if unknown or unnecessary. */
function parts(state: ProgressState, nowMs: number, bits: boolean) {
  const percent = percentOf(state);
  const done = formatBytes(state.bytesDone).padStart(8);
  const idleMs = nowMs - state.movedMs;
  const stalled = idleMs >= STALLED_AFTER_MS && percent !== 100;
  const rate = rateOf(state.meter, nowMs);
  // No data arrives while the receiver verifies partial files: that is not a stall.
  const checking = state.checking > 0 && !rate;
  return {
    percent: percent === undefined ? undefined : `${percent}%`.padStart(4),
    bytes: done,
    bytesOfTotal: state.totalsComplete ? `${done} of ${formatBytes(state.bytesTotal)}` : done,
    rate: checking
      ? `checking ${formatBytes(state.checking)} already there`
      : stalled
      ? `stalled ${formatClock(idleMs)}`
      : rate === undefined
      ? undefined
      : formatRate(rate, { bits }).padStart(10),
    eta: stalled || checking ? undefined : eta(state, rate),
    files: filesPart(state),
    failed: state.failed > 0 ? `${state.failed} failed` : undefined,
  };
}

function eta(state: ProgressState, rate: number | undefined): string | undefined {
  const left = state.bytesTotal - state.bytesDone;
  if (!state.totalsComplete || !rate || left <= 0) return undefined;
  return `ETA ${formatClock(left / rate * 1000)}`;
}

/** Returns the number of files, except for a single file. "found" means that the walk is still running. */
function filesPart(state: ProgressState): string | undefined {
  if (state.filesTotal === 1) return undefined;
  if (!state.totalsComplete) return `${formatCount(state.filesDone, "file")}, ${state.filesTotal} found`;
  return state.filesTotal > 1 ? `${state.filesDone} of ${state.filesTotal} files` : undefined;
}
