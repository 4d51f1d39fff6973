/** `--report` of `--doctor`. */

import type { Step } from "../../doctor/step.ts";
import { REPORT_FORMAT, REPORT_VERSION } from "../../ui/report/report.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { ReportTarget } from "../options/values/report_target.ts";
import { headline } from "../report_error.ts";
import { ReportFile } from "../report_file.ts";
import { VERSION } from "../version.ts";

/** Writes the report of one examination. */
export class DoctorReport {
  readonly #file: ReportFile;
  readonly #host: string;
  readonly #startedAt = new Date();

  /** @throws {UsageError} if the file cannot be written. */
  constructor(target: ReportTarget, host: string) {
    this.#file = new ReportFile(target);
    this.#host = host;
  }

  /** @param error the error that a copy would end with. @throws {FileError} */
  async write(steps: Step[], error: unknown): Promise<void> {
    const isOk = error === undefined;
    await this.#file.write({
      ...{ format: REPORT_FORMAT, version: REPORT_VERSION, escp: VERSION, startedAt: this.#startedAt.toISOString() },
      ...{ task: "doctor", host: this.#host, exitStatus: isOk ? EXIT_STATUS.ok : exitStatusOf(error) },
      message: isOk ? undefined : headline(error),
      steps,
    });
  }
}
