/** `--report` of a copy run. */

import { Interrupted, messageOf, quotePath, UserError } from "../../errors.ts";
import { formatOperand } from "../../ssh/operand.ts";
import type { FinishedEvent, TransferEvent } from "../../transfer/events.ts";
import { type RunEnd, RunRecorder } from "../../ui/report/record/recorder.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
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
  readonly #path: string;
  readonly #file: ReportFile;
  #end: FinishedEvent | undefined;
  readonly recorder: RunRecorder;

  /** @throws {UsageError} if the file cannot be written. */
  constructor(target: ReportTarget, run: RunOptions) {
    this.#path = target.path;
    this.#file = new ReportFile(target, usedFiles(run));
    const { sources, fileList, filesFrom, host: { request, flags, engine } } = run;
    this.recorder = new RunRecorder({
      escp: VERSION,
      // Without the entries of a list, which may have a million.
      sources: sources.filter(({ literal }) => !literal).map(({ operand }) => formatOperand(operand)),
      filelist: (fileList ?? filesFrom)?.file,
      target: run.target ? formatOperand(run.target) : "",
      options: changedWords(flags),
      direction: directionOf(run.transfers),
      usesLibraries: engine !== "portable",
      verify: request.verify ?? false,
      skippedAs: request.skipExisting || request.onlyExisting ? "skipped" : undefined,
      limitBytesPerSecond: request.bytesPerSecond,
    });
  }

  /** Returns a listener for the events of a transfer. */
  measure(transfer: Transfer): (event: TransferEvent) => void {
    return this.recorder.observe(hostsOf(transfer));
  }

  /**
   * Returns a listener that records the events of the run, and passes on all but the last one, which `finish` passes on: the
   * file is a result of the run too.
   */
  recordAll(emit: (event: TransferEvent) => void): (event: TransferEvent) => void {
    return (event) => {
      if (event.type === "finished") {
        this.#end = event;
        return;
      }
      this.recorder.onEvent(event);
      emit(event);
    };
  }

  /**
   * Writes the report of a run that has ended, then passes its last event on. A report that cannot be written is a failed
   * path.
   *
   * @returns the number of failures.
   */
  async finish(failed: number, emit: (event: TransferEvent) => void): Promise<number> {
    const end = this.#end;
    if (end) this.recorder.onEvent(end);
    const exitStatus = failed > 0 ? EXIT_STATUS.failed : EXIT_STATUS.ok;
    const failure = await this.#write({ status: "done", exitStatus });
    if (failure) {
      failed++;
      emit({ type: "failed", path: this.#path, message: failure.message, hint: failure.hint });
    }
    if (end) emit(failure ? { ...end, failed } : end);
    return failed;
  }

  /** Writes the report of a run that an error has ended. @returns why it cannot be written; undefined if it can. */
  async writeFailed(error: unknown): Promise<string | undefined> {
    const status = error instanceof Interrupted ? "interrupted" : "error";
    const about = { message: headline(error), hint: hintOf(error), exitStatus: exitStatusOf(error) };
    return (await this.#write({ status, ...about }))?.message;
  }

  /** Writes the report. A failure, even a bug, must not hide the result of the copy. */
  async #write(end: RunEnd): Promise<{ message: string; hint?: string } | undefined> {
    try {
      await this.#file.write(this.recorder.finish(end));
    } catch (cause) {
      if (cause instanceof UserError) return cause;
      return { message: `Cannot write the report ${quotePath(this.#path)}: ${messageOf(cause)}` };
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

/** Returns the local files that a run reads or writes as a whole. */
function usedFiles({ sources, target, fileList, filesFrom, output: { log }, manifest }: RunOptions): string[] {
  const operands = [...sources.filter(({ literal }) => !literal).map(({ operand }) => operand), target];
  const paths = operands.map((operand) => operand?.kind === "local" ? operand.path : undefined);
  return [...paths, (fileList ?? filesFrom)?.file, log, manifest].filter((path) => path !== undefined);
}
