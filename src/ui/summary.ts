import type { FinishedEvent } from "../transfer/events.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "./format.ts";

const DUMMY = {
  sender: "synthetic data was written, no copy (dummy)",
  receiver: "nothing was written (dummy)",
  both: "nothing was read or written (dummy)",
};

/**
 * Returns the last line: `420 files, 1.2 GiB in 3.4 s (361 MiB/s), 2 failed, 30 unchanged, 4 streams, native engine`; with
 * compression also `412 MiB sent`.
 */
export function summaryLine(event: FinishedEvent, { bits }: { bits: boolean } = { bits: false }): string {
  const { files, bytes, resumed = 0, failed, skipped, verified, stopped, dryRun, wireBytes, dummy } = event;
  const { elapsedMs, streams, engine } = event;
  const rate = elapsedMs > 0 ? ` (${formatRate((bytes - resumed) / elapsedMs * 1000, { bits })})` : "";
  const parts = [
    stopped ? "stopped early" : "",
    dryRun ? `dry run: ${formatCount(files, "file")} to copy` : formatCount(files, "file"),
    dryRun ? formatBytes(bytes) : `${formatBytes(bytes)} in ${formatDuration(elapsedMs)}${rate}`,
    resumed > 0 ? `${formatBytes(resumed)} resumed` : "",
    wireBytes === undefined || dryRun ? "" : `${formatBytes(wireBytes)} sent`,
    verified === undefined ? "" : `${verified} verified`,
    failed > 0 ? `${failed} failed` : "",
    skipped > 0 ? `${skipped} unchanged` : "",
    formatCount(streams, "stream"),
    `${engine} engine`,
    dummy === undefined ? "" : DUMMY[dummy],
  ];
  return parts.filter((part) => part !== "").join(", ");
}
