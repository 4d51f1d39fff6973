/** The run of one shard, which writes its report. */

import { messageOf } from "../../errors.ts";
import type { WalkedTree } from "../../protocol/control/shard.ts";
import type { FinishedEvent, TransferEvent } from "../../transfer/events.ts";
import type { ShardSums, WrittenRange } from "../../transfer/shard_sums.ts";
import { VERSION } from "../version.ts";
import { formatReport, reportName, type ShardReport } from "./report.ts";
import { ReportDirectory } from "./report_directory.ts";

/** A run that is part of a copy by several processes. Its last event waits for `finish`. */
export interface PartOfCopy {
  readonly sums: ShardSums;
  /** Begins the copy. @param copy as in a report. @throws {UserError} naming shards to run again, for the run that finishes. */
  begin(copy: ShardReport["copy"]): void;
  /**
   * Ends a run, and passes its last event on.
   *
   * @param failed number of failures.
   * @param end the last event; undefined if there was none.
   * @returns the number of all failures.
   */
  finish(failed: number, end: FinishedEvent | undefined, emit: (event: TransferEvent) => void): number;
  /** Ends a run that failed early. @returns why that cannot be reported; undefined if it was. */
  fail(error: unknown): string | undefined;
}

/** Properties of a shard. */
export type ShardAbout = Pick<ShardReport, "shard" | "count">;

/** Reports a shard as running first, so that a report of an earlier run never stands for this one. */
export class ShardRun implements PartOfCopy {
  readonly #directory: ReportDirectory;
  #report: ShardReport;
  /** Ranges in place, by path and first byte. */
  readonly #ranges = new Map<string, WrittenRange>();
  readonly sums: ShardSums = {
    written: (range) => this.#ranges.set(JSON.stringify([range.path, range.start]), range),
    problemOf: () => undefined,
    problemOfSum: () => undefined,
    joined() {},
    walked: (tree) => {
      this.#tree = tree;
      return true;
    },
  };
  #tree: WalkedTree | undefined;

  /** @throws {UserError} if the report cannot be written. */
  constructor(directory: string, about: ShardAbout) {
    this.#directory = new ReportDirectory(directory, { create: true });
    this.#report = {
      id: crypto.randomUUID(),
      software: VERSION,
      machine: Deno.hostname(),
      ...about,
      copy: {},
      startedMs: Date.now(),
      status: "running",
      failed: 0,
      files: 0,
      bytes: 0,
      skipped: 0,
    };
    this.#write({});
  }

  begin(copy: ShardReport["copy"]): void {
    this.#report = { ...this.#report, copy };
    this.#write({});
  }

  finish(failed: number, end: FinishedEvent | undefined, emit: (event: TransferEvent) => void): number {
    const { files = 0, bytes = 0, skipped = 0, verified, resumed } = end ?? {};
    const status = failed > 0 ? "failed" as const : "done" as const;
    let all = failed;
    try {
      const [tree, ranges] = [this.#tree, [...this.#ranges.values()]];
      this.#write({ status, failed, files, bytes, skipped, verified, resumed, tree, ranges, endedMs: Date.now() });
    } catch (error) {
      all++;
      emit({ type: "failed", path: this.#directory.path, message: messageOf(error) });
    }
    if (end) emit({ ...end, failed: all });
    return all;
  }

  fail(error: unknown): string | undefined {
    try {
      this.#write({ status: "failed", message: messageOf(error), failed: 1, endedMs: Date.now() });
    } catch (cause) {
      return messageOf(cause);
    }
  }

  #write(change: Partial<ShardReport>): void {
    this.#directory.write(reportName(this.#report), formatReport({ ...this.#report, ...change }));
  }
}
