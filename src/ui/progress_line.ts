import { formatBytes, formatClock, formatCount, formatRate } from "./format.ts";
import { percentOf, type ProgressState } from "./progress_state.ts";
import { rateOf } from "./rate_meter.ts";
import { cutToWidth, textWidth } from "./text_width.ts";

/** After so long without any progress the line says so, instead of a rate that was true once. */
export const STALLED_AFTER_MS = 5000;

export interface LineOptions {
  /** Columns that may be used. Meant for 20 and more; below that the line is cut. */
  readonly width: number;
  /** Of the clock that the state was made with. */
  readonly nowMs: number;
  /** What is copied, in front of the numbers where there is room for it; escaped already. */
  readonly label?: string;
  /** Rates in bits instead of bytes. */
  readonly bits?: boolean;
}

/**
 * The progress of a transfer as one line that is never wider than `width`:
 * ` 45%  1.2 GiB of 2.6 GiB   361 MiB/s  ETA 0:04  212 of 420 files`
 * On a narrow terminal the least important numbers are left out.
 */
export function progressLine(state: ProgressState, { width, nowMs, label, bits = false }: LineOptions): string {
  const numbers = numbersThatFit(width, parts(state, nowMs, bits));
  if (!label) return numbers;
  const room = width - textWidth(numbers) - 2;
  return room >= Math.min(textWidth(label), MIN_LABEL) ? `${cutToWidth(label, room)}  ${numbers}` : numbers;
}

/** A name cut shorter than this tells nobody anything. */
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

/** What can be shown. Undefined: not known, or not worth a place. */
function parts(state: ProgressState, nowMs: number, bits: boolean) {
  const percent = percentOf(state);
  const done = formatBytes(state.bytesDone).padStart(8);
  const idleMs = nowMs - state.movedMs;
  const stalled = idleMs >= STALLED_AFTER_MS && percent !== 100;
  const rate = rateOf(state.meter, nowMs);
  return {
    percent: percent === undefined ? undefined : `${percent}%`.padStart(4),
    bytes: done,
    bytesOfTotal: state.totalsComplete ? `${done} of ${formatBytes(state.bytesTotal)}` : done,
    rate: stalled
      ? `stalled ${formatClock(idleMs)}`
      : rate === undefined
      ? undefined
      : formatRate(rate, { bits }).padStart(10),
    eta: stalled ? undefined : eta(state, rate),
    files: filesPart(state),
    failed: state.failed > 0 ? `${state.failed} failed` : undefined,
  };
}

function eta(state: ProgressState, rate: number | undefined): string | undefined {
  const left = state.bytesTotal - state.bytesDone;
  if (!state.totalsComplete || !rate || left <= 0) return undefined;
  return `ETA ${formatClock(left / rate * 1000)}`;
}

/** One file needs no count. "found" says that the walk still goes on. */
function filesPart(state: ProgressState): string | undefined {
  if (state.filesTotal === 1) return undefined;
  if (!state.totalsComplete) return `${formatCount(state.filesDone, "file")}, ${state.filesTotal} found`;
  return state.filesTotal > 1 ? `${state.filesDone} of ${state.filesTotal} files` : undefined;
}
