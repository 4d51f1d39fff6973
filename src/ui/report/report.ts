/** The data of a report. Plain data: written as JSON, and rendered as a page. src/ui/json/report_schema.ts describes it. */

import type { RunLimit } from "../../doctor/run_limit.ts";
import type { Step } from "../../doctor/step.ts";
import type { SystemFacts } from "../../protocol/control/probe.ts";
import type { FileTime } from "./record/file_times.ts";
import type { UnfinishedFile } from "./record/unfinished_files.ts";
import type { Cell } from "./record/time_series.ts";

/** Version of the format. Fields may be added without a new version. */
export const REPORT_VERSION = 1;
/** Value of the field `format`. */
export const REPORT_FORMAT = "escp-report";
/** Start of a report as a page. */
export const PAGE_START = `<!DOCTYPE html>\n<!-- ${REPORT_FORMAT} -->\n`;
/** Starts of all files that are reports. */
export const REPORT_STARTS: readonly string[] = [PAGE_START, `{"format":"${REPORT_FORMAT}"`];

/** Fields of all reports. */
export interface ReportHead {
  format: typeof REPORT_FORMAT;
  version: number;
  /** Version of the escp that wrote the report. */
  escp: string;
  /** Time of the start, as in 2026-01-31T12:00:00.000Z. */
  startedAt: string;
}

/** Report of a copy. Texts from hosts and names of files are not escaped. */
export interface CopyReport extends ReportHead {
  task: "copy";
  sources: string[];
  /** File of a list of sources. */
  filelist?: string;
  target: string;
  options: string[];
  result: CopyResult;
  /** Of a finished copy that was not a dry run. */
  limit?: RunLimit;
  machines: ReportedMachine[];
  sessions: ReportedSession[];
  /** Number of sessions that are not listed, in the middle of the run. */
  sessionsOmitted: number;
  series: Series;
  /** The slowest large files, the slowest first. */
  slowest: FileTime[];
  /** Large files that a transfer without a result had begun. */
  unfinished?: UnfinishedFile[];
  /** Number of unfinished files that are not listed. */
  unfinishedOmitted?: number;
  failures: ReportedFailure[];
  /** Number of failures that are not listed. */
  failuresOmitted: number;
  notes: string[];
  /** Number of notes that are not listed. */
  notesOmitted: number;
}

/** The result of a copy. Bytes and files of an incomplete copy are those of its last progress. */
export interface CopyResult {
  status: "ok" | "failed" | "error" | "interrupted";
  exitStatus: number;
  /** Reason for the status "error" or "interrupted". */
  message?: string;
  hint?: string;
  seconds: number;
  files: number;
  bytes: number;
  resumed: number;
  failed: number;
  skipped: number;
  /** Word for the skipped entries. Default: "unchanged". */
  skippedAs?: string;
  verified?: number;
  deleted?: number;
  removedSources?: number;
  wireBytes?: number;
  stopped?: boolean;
  dryRun?: boolean;
  dummy?: "sender" | "receiver" | "both";
}

/** An end of the run. */
export interface ReportedMachine {
  name: string;
  /** "here": this machine. "there": a remote host. */
  end: "here" | "there";
  /** Version of escp. */
  version?: string;
  /** Of a remote host: operating system, architecture and number of cores. */
  platform?: string;
  /** Of this machine. */
  system?: SystemFacts;
}

/** A session. A retry and each further host have sessions of their own. */
export interface ReportedSession {
  /** From 0 on. */
  number: number;
  hosts: string;
  /** Seconds from the start of the run. */
  start: number;
  streams?: number;
  engine?: string;
  address?: string;
  tunnel?: string;
  roundTripMs?: number;
  outcome: "finished" | "lost" | "failed";
  /** Reason for another outcome than "finished". */
  message?: string;
  phases: { name: string; start: number; seconds: number }[];
}

/** A path that failed. */
export interface ReportedFailure {
  path: string;
  message: string;
  hint?: string;
  host?: string;
}

/** Measurements over time. Counters grow, and begin with the run. */
export interface Series {
  /** Seconds from the start of the run. */
  seconds: number[];
  /** Bytes that the receiver has written in this run. */
  written: Cell[];
  /** Bytes that the data connections have carried towards the receiver; null if the system does not report all of them. */
  sent: Cell[];
  files: Cell[];
  filesFound: Cell[];
  bytesFound: Cell[];
  /** Processor time of this process, in seconds. */
  cpuSeconds: Cell[];
  /** Bytes that each stream has written, since the start of its session. */
  streams: { session: number; stream: number; written: Cell[] }[];
  /** Statistics of TCP connections (TCP_INFO), since their start. */
  connections: ConnectionSeries[];
  /** Number of further connections, which are only in `sent`. */
  connectionsOmitted: number;
}

/** Statistics of one TCP connection. Round trip and retransmits are null for connections on which this machine receives. */
export interface ConnectionSeries {
  session: number;
  stream: number;
  host: string;
  carried: Cell[];
  roundTripMs: Cell[];
  retransmits: Cell[];
}

/** Report of `--doctor`. */
export interface DoctorReport extends ReportHead {
  task: "doctor";
  host: string;
  exitStatus: number;
  /** Reason if a copy would not work. */
  message?: string;
  steps: Step[];
}

/** Report of a benchmark. */
export interface BenchmarkReport extends ReportHead {
  task: "benchmark";
  /** Properties of the machine. */
  machine: Record<string, string>;
  cases: BenchmarkCase[];
}

/** Results of one case, a row per program. */
export interface BenchmarkCase {
  title: string;
  bytes: number;
  files: number;
  results: { program: string; seconds: number[]; cpuSeconds: number[]; failure?: string }[];
}

/** Any report. */
export type Report = CopyReport | DoctorReport | BenchmarkReport;
