/** `doctor`. */

import { examineHost } from "../cli/run/examine_host.ts";
import type { DoctorOptions as Examination } from "../cli/options/command.ts";
import type { Step } from "../doctor/step.ts";
import { formatHost } from "../ssh/operand.ts";
import type { SshEvent } from "./events.ts";
import { DOCTOR_FLAGS } from "./option_flags.ts";
import type { DoctorOptions } from "./options.ts";
import { commandFor, libraryProgram } from "./program.ts";
import { type Run, startRun } from "./run.ts";

/** An event of `doctor`. */
export type DoctorEvent = StepEvent | SshEvent;

/** Result of one step of `doctor`. */
export interface DoctorStep {
  /**
   * "login", "escp", "system", "ports", "round trip", "throughput", "disk", "cipher", "bottleneck" or "advice". Further fields
   * depend on it: those of "JSON output" in the manual.
   */
  readonly step: string;
  /** "warn": a copy works, but not optimally. "skipped": the step is not supported. */
  readonly status: "ok" | "warn" | "fail" | "skipped";
  /** Reason for another status than "ok". */
  readonly problem?: string;
  /** Advice in the imperative. */
  readonly hint?: string;
  /** Results of the step. */
  readonly [field: string]: unknown;
}

/** A step has ended. */
export interface StepEvent {
  /** Kind of the event. */
  readonly type: "step";
  /** The step and its results. */
  readonly step: DoctorStep;
}

/** Result of `doctor`. */
export interface DoctorResult {
  /** Whether a copy would work. */
  readonly ok: boolean;
  /** All steps, in order. */
  readonly steps: readonly DoctorStep[];
  /** Advice for faster copies, in the imperative. */
  readonly advice: readonly string[];
  /** The error that a copy would end with. */
  readonly error?: unknown;
}

/**
 * Checks whether a copy to a host would work, how fast, and what limits it. Copies nothing.
 *
 * ```ts
 * import { doctor } from "@escp/escp";
 *
 * const { ok, advice } = await doctor("web1:/srv", { doctorTime: 500, throwOnFailure: false });
 * console.log(ok, advice);
 * ```
 *
 * @param host `[user@]host`, or `[user@]host:DIR` with a directory on the disk to measure.
 * @param options `directory` is measured on this machine.
 * @throws as `copy` (rejects). Throws the error that a copy would end with, unless `throwOnFailure` is false.
 */
export function doctor(host: string, options: DoctorOptions = {}): Run<DoctorResult, DoctorEvent> {
  return startRun(async (emit: (event: DoctorEvent) => void, signal) => {
    const { directory = ".", ...rest } = options;
    const command = await commandFor("doctor", {
      operands: [host, directory],
      options: rest,
      known: DOCTOR_FLAGS,
      flags: { doctor: true },
    });
    using program = libraryProgram(emit);
    const report = command.options.output.report && await reportOf(command.options);
    const steps: Step[] = [];
    const { error } = await examineHost(command.options, {
      onBegin: () => {},
      onStep(step: Step) {
        steps.push(step);
        emit({ type: "step", step: { ...step } });
      },
      signal,
      program,
    });
    await report?.write(steps, error);
    if (error !== undefined && (options.throwOnFailure ?? true)) throw error;
    const copied: DoctorStep[] = steps.map((step) => ({ ...step }));
    const advice = copied.flatMap(({ text }) => typeof text === "string" ? [text] : []);
    return { ok: error === undefined, steps: copied, advice, error };
  }, options.signal);
}

async function reportOf({ remote, output }: Examination) {
  const { DoctorReport } = await import("../cli/run/doctor_report.ts");
  return new DoctorReport(output.report!, formatHost(remote));
}
