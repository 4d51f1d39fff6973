/** Reads a report from its JSON text. */

import { messageOf, UserError } from "../../errors.ts";
import { schemaProblem } from "../json/check_schema.ts";
import { REPORT_SCHEMAS } from "../json/report_schema.ts";
import { type Report, REPORT_FORMAT, REPORT_VERSION } from "./report.ts";

/** Maximum size of a report. Those of escp are far smaller. */
export const MAX_REPORT_BYTES = 64 << 20;

/** Returns the report. @throws {UserError} with the reason, if the text is not a report that this version renders. */
export function parseReport(text: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`it is not JSON: ${messageOf(cause)}`, { cause });
  }
  const { format, version, task } = (typeof value === "object" && value !== null ? value : {}) as Partial<Report>;
  if (format !== REPORT_FORMAT) throw new UserError('it is not a report of escp: "format" is missing or unknown');
  if (version !== REPORT_VERSION) {
    const hint = "Render it with the version of escp that wrote it";
    throw new UserError(`this escp renders version ${REPORT_VERSION}, and the report has another`, { hint });
  }
  const isKnown = task !== undefined && Object.hasOwn(REPORT_SCHEMAS, task);
  if (!isKnown) throw new UserError('it is not a report of escp: "task" is missing or unknown');
  const problem = schemaProblem(value, REPORT_SCHEMAS[task]) ?? lengthProblem(value as Report);
  if (problem !== undefined) throw new UserError(`it is damaged: ${problem}`);
  return value as Report;
}

/** All columns of the series have one cell per row. */
function lengthProblem(report: Report): string | undefined {
  if (report.task !== "copy") return undefined;
  const { seconds, streams, connections, connectionsOmitted: _, ...columns } = report.series;
  const all = [
    ...Object.values(columns),
    ...streams.map(({ written }) => written),
    ...connections.flatMap(({ carried, roundTripMs, retransmits }) => [carried, roundTripMs, retransmits]),
  ];
  return all.every(({ length }) => length === seconds.length) ? undefined : "series: columns of different lengths";
}
