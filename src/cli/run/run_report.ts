/** `--report` of a copy run. */

import { Interrupted, messageOf, UserError } from "../../errors.ts";
import { formatOperand } from "../../ssh/operand.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import { RunRecorder } from "../../ui/report/record/recorder.ts";
import { exitStatusOf } from "../exit_status.ts";
import { changedWords } from "../options/forwarded_words.ts";
import type { RunOptions } from "../options/run_options.ts";
import type { Transfer } from "../options/transfers.ts";
import type { ReportTarget } from "../options/values/report_target.ts";
import { headline, hintOf } from "../report_error.ts";
import { ReportFile } from "../report_file.ts";
import { VERSION } from "../version.ts";
import { hostsOf } from "./name_hosts.ts";

/** Records a run, and writes its report. */
export class RunReport implements Disposable {
  readonly #file: ReportFile;
  readonly recorder: RunRecorder;

  /** @throws {UsageError} if the file cannot be written. */
  constructor(target: ReportTarget, run: RunOptions) {
    this.#file = new ReportFile(target);
    const { sources, fileList, filesFrom, host: { request, flags } } = run;
    this.recorder = new RunRecorder({
      escp: VERSION,
      // Without the entries of a list, which may have a million.
      sources: sources.filter(({ literal }) => !literal).map(({ operand }) => formatOperand(operand)),
      filelist: (fileList ?? filesFrom)?.file,
      target: run.target ? formatOperand(run.target) : "",
      options: changedWords(flags),
      direction: directionOf(run.transfers),
      verify: request.verify ?? false,
      limitBytesPerSecond: request.bytesPerSecond,
    });
  }

  /** Returns a listener for the events of a transfer. */
  measure(transfer: Transfer): (event: TransferEvent) => void {
    return this.recorder.observe(hostsOf(transfer));
  }

  /** Writes the report of a run that has ended. @throws {FileError} */
  async write(exitStatus: number): Promise<void> {
    await this.#file.write(this.recorder.finish({ status: "done", exitStatus }));
  }

  /** Writes the report of a run that an error has ended. Returns why it cannot be written; undefined if it can. */
  async writeFailed(error: unknown): Promise<string | undefined> {
    const status = error instanceof Interrupted ? "interrupted" : "error";
    const about = { message: headline(error), hint: hintOf(error), exitStatus: exitStatusOf(error) };
    try {
      await this.#file.write(this.recorder.finish({ status, ...about }));
    } catch (cause) {
      if (cause instanceof UserError) return messageOf(cause);
      throw cause;
    }
  }

  [Symbol.dispose](): void {
    this.recorder[Symbol.dispose]();
  }
}

function directionOf(transfers: readonly Transfer[]): "push" | "pull" | "local" | "between" {
  const [first = "local", ...others] = new Set(transfers.map(({ direction }) => direction));
  return first === "relay" || first === "origin" || others.length > 0 ? "between" : first;
}
