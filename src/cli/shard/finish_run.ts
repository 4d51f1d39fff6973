/** The run that finishes a copy by several shards, if all of them have succeeded. */

import { messageOf, ProtocolError, quotePath, UserError } from "../../errors.ts";
import type { WalkedTree } from "../../protocol/control/shard.ts";
import * as shape from "../../protocol/control/shape.ts";
import type { FinishedEvent, TransferEvent } from "../../transfer/events.ts";
import { ReportedRanges, type ShardSums } from "../../transfer/shard_sums.ts";
import { differences, parseReport, reportName, type ShardReport } from "./report.ts";
import { ReportDirectory } from "./report_directory.ts";
import { isSameTree, otherTrees, treeProblem } from "./seen_trees.ts";
import { shardList } from "./shard_list.ts";
import type { PartOfCopy, ShardAbout } from "./shard_run.ts";

/** Maximum number of reasons in a message. */
const MAX_REASONS = 5;
/** Maximum characters of a reason. */
const MAX_REASON = 200;

/** How a copy is finished. */
export interface FinishOptions {
  /** Whether nothing is written. */
  dryRun: boolean;
}

/** Checks the reports of all shards first. */
export class FinishRun implements PartOfCopy {
  readonly #directory: ReportDirectory;
  readonly #options: FinishOptions;
  readonly #about: Omit<ShardAbout, "shard">;
  #copy: ShardReport["copy"] = {};
  #reports: readonly ShardReport[] = [];
  readonly #ranges = new ReportedRanges();
  readonly sums: ShardSums;
  /** How the source of this run differs from that of the shards. */
  #otherTree: string | undefined;

  /** @throws {UserError} if the directory cannot be used. */
  constructor(directory: string, about: Omit<ShardAbout, "shard">, options: FinishOptions) {
    this.#directory = new ReportDirectory(directory);
    this.#options = options;
    this.#about = about;
    const walked = (tree: WalkedTree) => {
      const { tree: expected } = this.#reports[0];
      this.#otherTree = isSameTree(tree, expected) ? undefined : treeProblem(tree, expected);
      return this.#otherTree === undefined;
    };
    this.sums = {
      written() {},
      problemOf: (source) => this.#ranges.problemOf(source),
      problemOfSum: (path, crc32) => this.#ranges.problemOfSum(path, crc32),
      joined: (path) => this.#ranges.joined(path),
      walked,
    };
  }

  begin(copy: ShardReport["copy"]): void {
    this.#copy = copy;
    this.#reports = this.#readReports();
    for (const { ranges = [] } of this.#reports) ranges.forEach((range) => this.#ranges.add(range));
  }

  /** Passes the last event on, with the totals of all shards. */
  finish(failed: number, end: FinishedEvent | undefined, emit: (event: TransferEvent) => void): number {
    const { dryRun } = this.#options;
    const unjoined = dryRun ? [] : this.#ranges.unjoined;
    // Files that failed are among them.
    let all = Math.max(failed, unjoined.length);
    for (const path of failed > 0 ? [] : unjoined) {
      emit({
        type: "failed",
        path,
        message: `Cannot finish ${quotePath(path)}: the source has no such large file any more`,
      });
    }
    if (this.#otherTree !== undefined) {
      all++;
      const message = `Cannot finish the copy: this run ${this.#otherTree}; run all shards again`;
      emit({ type: "failed", path: "", message });
    }
    if (all === 0 && !dryRun) {
      try {
        const record = { escpShardFinish: 1, endedMs: Date.now(), ids: this.#reports.map(({ id }) => id) };
        this.#directory.write(finishName(this.#about.count), JSON.stringify(record) + "\n");
      } catch (error) {
        all++;
        emit({ type: "failed", path: this.#directory.path, message: messageOf(error) });
      }
    }
    if (end) emit({ ...this.#sum(end), failed: all });
    return all;
  }

  /** The reports of the shards stay as they are. */
  fail(): undefined {}

  #sum(end: FinishedEvent): FinishedEvent {
    const sum = (of: (report: ShardReport) => number | undefined, own = 0) =>
      this.#reports.reduce((total, report) => total + (of(report) ?? 0), own);
    return {
      ...end,
      files: sum(({ files }) => files, end.files),
      bytes: sum(({ bytes }) => bytes),
      skipped: sum(({ skipped }) => skipped),
      resumed: sum(({ resumed }) => resumed),
      verified: end.verified === undefined ? undefined : sum(({ verified }) => verified, end.verified),
      shards: this.#about.count,
    };
  }

  /** @throws {UserError} if a report is missing, failed, or of another copy. */
  #readReports(): ShardReport[] {
    const { count } = this.#about;
    const { ids: finished, endedMs } = this.#readFinished();
    const reports: ShardReport[] = [];
    const problems: { shard: number; reason: string }[] = [];
    for (let shard = 0; shard < count; shard++) {
      const report = this.#readReport(shard);
      if (typeof report === "string") problems.push({ shard, reason: report });
      else reports.push(report);
    }
    // These reports would hide that the shards of another copy have not run.
    if (reports.length > 0 && reports.every(({ id }) => finished.has(id))) {
      throw new UserError(`Cannot finish the copy again: it was finished at ${new Date(endedMs).toISOString()}`, {
        hint: "For another copy, run all shards first, with a new directory of --shard-report",
      });
    }
    for (const { shard, id } of reports) {
      if (finished.has(id)) problems.push({ shard, reason: "its report is of a copy that was finished before" });
    }
    problems.push(...otherTrees(reports));
    if (problems.length === 0) return reports;
    problems.sort((one, other) => one.shard - other.shard);
    const shown = problems.slice(0, MAX_REASONS).map(({ shard, reason }) => `shard ${shard}: ${reason}`);
    if (problems.length > shown.length) shown.push(`${problems.length - shown.length} more`);
    const list = shardList(problems.map(({ shard }) => shard));
    throw new UserError(
      `Cannot finish the copy: ${problems.length} of ${count} shards are not complete (${shown.join("; ")})`,
      { hint: `Run these shards again, then finish/${count}: ${list}` },
    );
  }

  /** Returns the report of a shard, or the reason why it cannot be used. */
  #readReport(shard: number): ShardReport | string {
    const { count } = this.#about;
    let report: ShardReport;
    try {
      const text = this.#directory.read(reportName({ shard, count }));
      if (text === undefined) return "there is no report";
      report = parseReport(text);
    } catch (error) {
      if (error instanceof ProtocolError) return "its report has another format";
      return `its report cannot be used: ${cut(messageOf(error))}`;
    }
    if (report.shard !== shard || report.count !== count) return "its report is of another shard";
    if (report.status === "running") return "it has not ended";
    if (report.status === "failed" && report.message !== undefined) return `it failed: ${cut(report.message)}`;
    if (report.status === "failed" || report.failed > 0) return `${report.failed} paths failed`;
    const different = differences(this.#copy, report.copy);
    return different.length > 0 ? `it has copied something else (${cut(different.join(", "))} differ)` : report;
  }

  /** Returns the identities of the reports with which an earlier run has finished a copy, and when. In ms since 1970. */
  #readFinished(): { ids: Set<string>; endedMs: number } {
    const name = finishName(this.#about.count);
    try {
      const text = this.#directory.read(name);
      if (text === undefined) return { ids: new Set(), endedMs: 0 };
      const fields = shape.parseObject(text);
      shape.whole(fields, "escpShardFinish", 1, 1);
      return {
        ids: new Set(shape.list(fields, "ids", 1 << 16, shape.asText)),
        endedMs: shape.whole(fields, "endedMs", 0, 8.64e15),
      };
    } catch (cause) {
      const reason = cause instanceof ProtocolError ? "it has another format" : messageOf(cause);
      throw new UserError(`Cannot use the file "${name}" in the directory of "--shard-report": ${reason}`, { cause });
    }
  }
}

function finishName(count: number): string {
  return `finish-of-${count}.json`;
}

function cut(text: string): string {
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}...` : text;
}
