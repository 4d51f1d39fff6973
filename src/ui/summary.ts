import type { FinishedEvent } from "../transfer/events.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "./format.ts";

/** Last part of the summary of a run with --ioengine dummy. */
const DUMMY = {
  sender: "synthetic data was written, no copy (dummy)",
  receiver: "nothing was written (dummy)",
  both: "nothing was read or written (dummy)",
};

/** Options of the summary. */
export interface SummaryOptions {
  /** Time since the start of the command. In milliseconds. */
  readonly totalMs: number;
  /** Show the rate in bits instead of bytes. */
  readonly bits?: boolean;
  /** Number of -v. */
  readonly verbose?: number;
  /** Word for entries that needed no copy. Default: "unchanged". */
  readonly skippedAs?: string;
}

/**
 * Returns the last line, failures first: `2 failed, 12 files, 3.1 GiB copied in 4.2 s (755 MiB/s), 30 unchanged`; with --delete
 * also `3 deleted`, with compression or
 * unchanged parts of files also `412 MiB sent`, with -v also `4 streams, native engine`.
 */
export function summaryLine(
  event: FinishedEvent,
  { totalMs, bits = false, verbose = 0, skippedAs = "unchanged" }: SummaryOptions,
): string {
  const { files, bytes, resumed = 0, failed, skipped, verified, deleted = 0, stopped, dryRun, wireBytes, dummy } =
    event;
  const { removedSources = 0, shards } = event;
  // The shards have taken another time than this run.
  const rate = totalMs > 0 && shards === undefined
    ? ` (${formatRate((bytes - resumed) / totalMs * 1000, { bits })})`
    : "";
  const how = shards === undefined ? `in ${formatDuration(totalMs)}` : `by ${formatCount(shards, "shard")}`;
  const copied = dummy === undefined ? " copied" : "";
  const parts = [
    stopped ? "stopped early" : "",
    failed > 0 ? `${failed} failed` : "",
    dryRun ? `dry run: ${formatCount(files, "file")} to copy` : formatCount(files, "file"),
    dryRun ? formatBytes(bytes) : `${formatBytes(bytes)}${copied} ${how}${rate}`,
    resumed > 0 ? `${formatBytes(resumed)} resumed` : "",
    wireBytes === undefined || dryRun ? "" : `${formatBytes(wireBytes)} sent`,
    verified === undefined ? "" : `${verified} verified`,
    deleted > 0 ? `${deleted} ${dryRun ? "to delete" : "deleted"}` : "",
    removedSources > 0 ? `${removedSources} removed from the source` : "",
    skipped > 0 ? `${skipped} ${skippedAs}` : "",
    verbose > 0 ? `${formatCount(event.streams, "stream")}, ${event.engine} engine` : "",
    dummy === undefined ? "" : DUMMY[dummy],
  ];
  return parts.filter((part) => part !== "").join(", ");
}
