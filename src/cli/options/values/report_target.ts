/** The file of `--report`. */

import { quotePath, UsageError } from "../../../errors.ts";

/** A file, and what is written to it. */
export interface ReportTarget {
  readonly path: string;
  readonly format: "html" | "json";
}

/** Returns the file. The end of its name selects the format. @throws {UsageError} */
export function parseReportTarget(path: string): ReportTarget {
  if (/\.html?$/i.test(path)) return { path, format: "html" };
  if (/\.json$/i.test(path)) return { path, format: "json" };
  throw new UsageError(`Cannot write a report to ${quotePath(path)}: its name must end in ".html" or ".json"`, {
    hint: "Write for example --report run.html; standard output is not supported",
  });
}
