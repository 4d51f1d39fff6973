/** `--report-from`: renders a report in JSON as a page. */

import { quotePath, UserError } from "../../errors.ts";
import { failedDeno } from "../../files/stat/file_failure.ts";
import { renderReport } from "../../ui/report/page/render_report.ts";
import { MAX_REPORT_BYTES, parseReport } from "../../ui/report/parse_report.ts";
import type { Report } from "../../ui/report/report.ts";
import { EXIT_STATUS } from "../exit_status.ts";
import type { ReportTarget } from "../options/values/report_target.ts";
import { ReportFile } from "../report_file.ts";
import { writeStdout } from "../stdout.ts";

/** Prints the page, or writes it to a file. @throws {UserError} for a file that is not a report. */
export async function runRenderReport({ from, target }: { from: string; target?: ReportTarget }): Promise<number> {
  const report = readReport(from);
  if (target) await new ReportFile(target).write(report);
  else writeStdout(renderReport(report));
  return EXIT_STATUS.ok;
}

function readReport(path: string): Report {
  let text: string;
  try {
    // Opening a FIFO would wait for its writer.
    const { size, isFile } = Deno.statSync(path);
    if (!isFile) throw new UserError("it is not a regular file");
    if (size > MAX_REPORT_BYTES) throw new UserError(`it has more than ${MAX_REPORT_BYTES >> 20} MiB`);
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof UserError) throw unusable(path, cause);
    throw failedDeno("read the report", path, cause);
  }
  try {
    return parseReport(text);
  } catch (cause) {
    throw cause instanceof UserError ? unusable(path, cause) : cause;
  }
}

function unusable(path: string, { message, hint }: UserError): UserError {
  return new UserError(`Cannot use the report ${quotePath(path)}: ${message}`, { hint });
}
