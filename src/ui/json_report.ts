/**
 * Output of `--json`: one JSON object per line. Names of fields do not change, but fields may be added. Documented in
 * src/cli/MANUAL.md, "JSON output". A new field also needs a row in
 * src/ui/json/copy_events.ts.
 */

import { jsonLine } from "../escape_text.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { foldEvent, INITIAL_STATE, type ProgressState } from "./progress_state.ts";
import { rateOf } from "./rate_meter.ts";

/** Interval between progress events. */
const PROGRESS_MS = 500;

/** Output of lines, and a clock. */
export interface JsonOutput {
  write(line: string): void;
  /** Returns milliseconds of a monotonic clock. */
  now(): number;
}

/** Writes the events of a transfer. The last line is written once, by the "finished" event or `fail`. */
export class JsonReport {
  readonly #output: JsonOutput;
  readonly #startedMs: number;
  #state: ProgressState = INITIAL_STATE;
  /** Time when the first session was connected. */
  #connectedMs: number | undefined;
  /** Time of the last progress event. */
  #progressMs = -Infinity;
  #ended = false;

  constructor(output: JsonOutput, about: { version: string; sources: string[]; filelist?: string; target: string }) {
    this.#output = output;
    this.#startedMs = output.now();
    this.#write({ event: "start", ...about });
  }

  /** Event listener for a transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    const now = this.#output.now();
    this.#state = foldEvent(this.#state, event, now);
    switch (event.type) {
      case "connected":
        this.#connectedMs ??= now;
        this.#write({
          event: "connected",
          streams: event.streams,
          engine: event.engine,
          address: event.address,
          host: event.host,
        });
        break;
      case "failed":
        this.#write({
          event: "failed",
          path: event.path,
          message: event.message,
          hint: event.hint,
          host: event.host,
          reason: event.reason,
        });
        break;
      case "planned":
        this.#write({ event: "planned", action: event.action, path: event.path, bytes: event.bytes });
        break;
      case "item":
        this.#write({ event: "item", item: event.item, path: event.path, target: event.target });
        break;
      case "deleted":
        this.#write({ event: "deleted", path: event.path });
        break;
      case "retry":
        this.#write({
          event: "retry",
          message: event.message,
          seconds: event.pauseSeconds,
          left: event.left,
          host: event.host,
          reason: event.reason,
        });
        break;
      case "note":
        this.#write({ event: "note", message: event.message, host: event.host });
        break;
      case "finished":
        this.#finish(event, now);
        break;
      case "totals":
      case "progress":
        if (now - this.#progressMs >= PROGRESS_MS) this.#progress(now);
        break;
    }
  };

  /** Writes the last line for a transfer that ended early. */
  fail(message: string, exitStatus: number, { host, reason }: { host?: string; reason?: string } = {}): void {
    if (this.#ended) return;
    this.#ended = true;
    const seconds = this.#seconds(this.#startedMs, this.#output.now());
    this.#write({ event: "end", status: "error", message, exitStatus, seconds, host, reason });
  }

  #progress(now: number): void {
    this.#progressMs = now;
    const { bytesDone, bytesTotal, filesDone, filesTotal, totalsComplete, meter } = this.#state;
    const rate = rateOf(meter, now);
    const left = totalsComplete && rate ? (bytesTotal - bytesDone) / rate : undefined;
    this.#write({
      event: "progress",
      files: filesDone,
      bytes: bytesDone,
      totalFiles: filesTotal,
      totalBytes: bytesTotal,
      totalKnown: totalsComplete,
      bytesPerSecond: rate === undefined ? null : Math.round(rate),
      secondsLeft: left === undefined ? null : Math.round(left * 10) / 10,
    });
  }

  #finish(event: Extract<TransferEvent, { type: "finished" }>, now: number): void {
    this.#ended = true;
    const { files, bytes, resumed = 0, reused, failed, skipped, verified, deleted, stopped, dryRun } = event;
    const { removedSources, wireBytes, dummy, streams, engine, shards } = event;
    const connectedMs = this.#connectedMs ?? now;
    this.#write({
      event: "end",
      status: failed > 0 ? "failed" : "ok",
      files,
      bytes,
      failed,
      skipped,
      verified,
      deleted,
      removedSources,
      resumed,
      reused,
      stopped: stopped || undefined,
      shards,
      dryRun: dryRun || undefined,
      wireBytes,
      dummy,
      streams,
      engine,
      exitStatus: failed > 0 ? 1 : 0,
      seconds: this.#seconds(this.#startedMs, now),
      phases: {
        connect: this.#seconds(this.#startedMs, connectedMs),
        transfer: this.#seconds(connectedMs, now),
      },
    });
  }

  #seconds(from: number, to: number): number {
    return Math.round(to - from) / 1000;
  }

  #write(line: Record<string, unknown>): void {
    this.#output.write(jsonLine(line) + "\n");
  }
}
