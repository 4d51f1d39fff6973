/**
 * The report of a session from its remote end to its server: lines of JSON after a marker, among the lines of the log on standard
 * error. A line of the log starts with a date and has no line breaks, so it cannot be taken for a report.
 */

import { ProtocolError, quotePath } from "../../errors.ts";
import * as shape from "../../protocol/control/shape.ts";
import { cutText } from "../../protocol/control/texts.ts";

const MARKER = "escp-session ";

/** Maximum number of paths in a report. */
const MAX_PATHS = 3;
/** Maximum length of a path, in UTF-16 units. Longer ones are cut. */
const MAX_PATH = 200;
/** Maximum length of a reason, in UTF-16 units. Longer ones are cut. */
const MAX_REASON = 300;
/** Maximum length of a line with a report, in UTF-16 units. JSON escapes a unit with at most 6 characters. */
export const MAX_REPORT_LINE = 6 * (MAX_PATHS * MAX_PATH + MAX_REASON) + 1000;

const TASKS = ["push", "pull", "clean", "measurement"] as const;
const VARIANTS = ["dry run", "dummy"] as const;
const STATES = ["running", "finished", "aborted"] as const;

/** State of a session, seen from its remote end. */
export interface SessionReport {
  readonly task: typeof TASKS[number];
  /** A task that writes nothing, or makes up contents. */
  readonly variant?: typeof VARIANTS[number];
  /** Paths as the client wrote them: the target of a push, the sources of a pull. */
  readonly paths: readonly string[];
  /** Number of further paths. Default: 0. */
  readonly morePaths?: number;
  /** Number of files that the receiver has confirmed. */
  readonly files: number;
  /** Bytes of contents that the receiver has confirmed, also of files that are not complete. */
  readonly bytes: number;
  /** Number of paths that failed. */
  readonly failed: number;
  /** Number of entries that were deleted: extra ones of the target of a push, or sources of a pull. */
  readonly deleted: number;
  /** "aborted" if an error has ended the session early. */
  readonly state: typeof STATES[number];
  /** The error. */
  readonly reason?: string;
}

/** Formats a report as one line, with its newline. Cuts what is too long. */
export function formatReport({ paths, morePaths = 0, reason, ...others }: SessionReport): string {
  const report: SessionReport = {
    ...others,
    paths: paths.slice(0, MAX_PATHS).map((path) => cutText(path, MAX_PATH)),
    morePaths: morePaths + Math.max(0, paths.length - MAX_PATHS),
    reason: reason && cutText(reason, MAX_REASON),
  };
  return `${MARKER}${JSON.stringify(report)}\n`;
}

/** Parses a line of standard error, without its newline. @returns undefined if it is not a report. */
export function parseReport(line: string): SessionReport | undefined {
  if (!line.startsWith(MARKER)) return undefined;
  try {
    const fields = shape.parseObject(line.slice(MARKER.length));
    return {
      task: shape.oneOf(fields, "task", TASKS),
      variant: fields.variant === undefined ? undefined : shape.oneOf(fields, "variant", VARIANTS),
      paths: shape.list(fields, "paths", MAX_PATHS, (value, name) => shape.asText(value, name, MAX_PATH)),
      morePaths: shape.whole(fields, "morePaths"),
      files: shape.whole(fields, "files"),
      bytes: shape.whole(fields, "bytes"),
      failed: shape.whole(fields, "failed"),
      deleted: shape.whole(fields, "deleted"),
      state: shape.oneOf(fields, "state", STATES),
      reason: shape.optional(fields, "reason", shape.text, MAX_REASON),
    };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Returns the task for the log: `push to "a"`, `pull of "a", "b" and 3 more`, `push (dry run) to "a"`. */
export function describeTask({ task, variant, paths, morePaths = 0 }: SessionReport): string {
  const name = variant === undefined ? task : `${task} (${variant})`;
  if (paths.length === 0) return name;
  const preposition = task === "push" ? "to" : task === "measurement" ? "at" : "of";
  const more = morePaths > 0 ? ` and ${morePaths} more` : "";
  return `${name} ${preposition} ${paths.map((path) => quotePath(path || ".")).join(", ")}${more}`;
}

/**
 * Returns the end of a session for the log: `push to "a": complete, 3 files, 5242880 bytes`.
 *
 * @param report The last one; undefined if the client has sent no task.
 * @param exit How the remote end exited: "status 1", "signal SIGKILL".
 */
export function describeEnd(report: SessionReport | undefined, exit: string): string {
  if (report === undefined) return `no task (${exit})`;
  const { task, variant, files, bytes, failed, deleted } = report;
  const changes = variant !== "dry run";
  const isCopy = changes && (task === "push" || task === "pull");
  const parts = [
    outcomeOf(report, exit),
    ...(isCopy ? [`${files} file${files === 1 ? "" : "s"}`, `${bytes} bytes`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(changes && deleted > 0 ? [`${deleted} deleted`] : []),
  ];
  return `${describeTask(report)}: ${parts.join(", ")}`;
}

function outcomeOf({ state, failed, reason = "" }: SessionReport, exit: string): string {
  if (state === "finished") return failed > 0 ? "incomplete" : "complete";
  return `aborted (${reason || exit})`;
}
