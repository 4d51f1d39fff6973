/** Options for what is printed and logged, the same for all tasks. */

import type { RawFlags } from "./flags.ts";
import { parseReportTarget, type ReportTarget } from "./values/report_target.ts";

/** Valid options for output. */
export interface OutputOptions {
  /** Print errors only. */
  readonly quiet: boolean;
  /** Number of -v. */
  readonly verbose: number;
  /** Print one JSON object per line on standard output, for programs. */
  readonly json: boolean;
  /** Show rates in bits instead of bytes. */
  readonly bits: boolean;
  /** Print the times of each host. */
  readonly stats: boolean;
  /** Path of a file to which the log is appended. */
  readonly log?: string;
  /** File of the report. */
  readonly report?: ReportTarget;
}

/** Returns the options with their defaults. @throws {UsageError} */
export function outputOptions({ quiet, verbose, json, bits, stats, log, report }: RawFlags): OutputOptions {
  return {
    quiet: quiet ?? false,
    verbose: verbose ?? 0,
    json: json ?? false,
    bits: bits ?? false,
    stats: stats ?? false,
    log,
    report: report === undefined ? undefined : parseReportTarget(report),
  };
}
