/** `--doctor`: checks the connection to a host and measures it. Prints a verdict and advice, or one JSON object per step. */

import type { Step } from "../../doctor/step.ts";
import { jsonLine } from "../../escape_text.ts";
import { formatHost } from "../../ssh/operand.ts";
import { nameRunningStep, renderStep } from "../../ui/doctor_report.ts";
import { renderVerdict } from "../../ui/doctor_verdict.ts";
import { Terminal } from "../../ui/terminal.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { DoctorOptions } from "../options/command.ts";
import type { ReportTarget } from "../options/values/report_target.ts";
import { headline } from "../report_error.ts";
import { ESCP } from "../program.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { examineHost } from "./examine_host.ts";

/** Runs `--doctor`. @returns 0 if a copy would work, else the exit status of that copy. @throws the reason of a signal, and bugs. */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  const { bits, json, quiet, verbose } = options.output;
  const name = formatHost(options.remote);
  const report = options.output.report && await doctorReport(options.output.report, name);
  using stop = stopSignals();
  const output = new Output();
  const write = (line: string) => output.write(line + "\n");
  const steps: Step[] = [];
  const terminal = new Terminal({ quiet: quiet || json, verbose });
  const end = (error: unknown) => {
    const status = error === undefined ? "ok" : "failed";
    write(jsonLine({ event: "end", status, exitStatus: statusOf(error) }));
  };
  const examining = examineHost(options, {
    // Called after the login, in which ssh may ask for a password.
    onBegin: (step) => terminal.showStatus(`examining ${name}: ${nameRunningStep(step, { host: name })} ...`),
    onStep(step) {
      steps.push(step);
      // Without --json, the steps are printed at the end.
      if (json) write(jsonLine({ event: "step", ...step }));
    },
    signal: AbortSignal.any([stop.signal, output.lost]),
    program: ESCP,
  });
  const { error } = await examining.catch((error) => {
    if (json) end(error);
    throw error;
  }).finally(() => terminal.close());
  const problem = await report?.write(steps, error).catch((problem) => problem);
  const ended = error ?? problem;
  if (json) end(ended);
  else if (!quiet || error !== undefined) {
    const view = { bits, host: name, width: stdoutWidth() };
    renderVerdict(steps, view, { failure: error === undefined ? undefined : headline(error) }).forEach(write);
    for (const step of steps.filter((step) => isShown(step, { quiet, verbose }))) renderStep(step, view).forEach(write);
  }
  output.lost.throwIfAborted();
  if (problem !== undefined) throw problem;
  return statusOf(error);
}

function statusOf(error: unknown): number {
  return error === undefined ? EXIT_STATUS.ok : exitStatusOf(error);
}

async function doctorReport(target: ReportTarget, host: string) {
  const { DoctorReport } = await import("./doctor_report.ts");
  return new DoctorReport(target, host);
}

/** Returns whether a step is printed. The verdict contains the bottlenecks. */
function isShown({ step, status }: Step, { quiet, verbose }: { quiet: boolean; verbose: number }): boolean {
  if (quiet) return status === "fail";
  return verbose > 0 || step === "advice" || status === "warn" || status === "fail";
}

/** Returns the width of the terminal of standard output in columns; undefined if it is not a terminal. */
function stdoutWidth(): number | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  try {
    return Deno.consoleSize().columns || undefined;
  } catch {
    return undefined;
  }
}
