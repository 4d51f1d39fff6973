/** `--doctor`: checks the connection to a host and measures it. Prints a verdict and advice, or one JSON object per step. */

import { examine } from "../../doctor/examine.ts";
import type { Step } from "../../doctor/step.ts";
import { jsonLine } from "../../escape_text.ts";
import { isAbsolutePath, joinPath } from "../../files/path/local_path.ts";
import { UnusableEscp } from "../../session/model/start_errors.ts";
import { adviceFor } from "../../ui/advice.ts";
import { nameRunningStep, renderStep } from "../../ui/doctor_report.ts";
import { renderVerdict } from "../../ui/doctor_verdict.ts";
import { Terminal } from "../../ui/terminal.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { DoctorOptions } from "../options/command.ts";
import { headline } from "../report_error.ts";
import { pathOfEscp } from "../remote_escp.ts";
import { ESCP } from "../program.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";
import { peerCommand, sessionOptions } from "./peer.ts";

/** Runs `--doctor`. @returns 0 if a copy would work, else the exit status of that copy. @throws the reason of a signal, and bugs. */
export async function runDoctor({ remote, host, ms, ...options }: DoctorOptions): Promise<number> {
  const { bits, json, quiet, verbose } = options.output;
  const access = { ...host.access, remotePath: pathOfEscp(remote, host.access) };
  using stop = stopSignals();
  const output = new Output();
  const write = (line: string) => output.write(line + "\n");
  const peer = peerCommand(remote, access, host, ESCP);
  const steps: Step[] = [];
  const terminal = new Terminal({ quiet: quiet || json, verbose });
  const report = (step: Step) => {
    steps.push(step);
    // Without --json, the steps are printed at the end.
    if (json) write(jsonLine({ event: "step", ...step }));
  };
  const examining = examine({
    ...sessionOptions(remote, host),
    peer,
    reach: { ...access, host: remote },
    blockBytes: host.request.blockBytes,
    congestion: host.request.congestion,
    remoteDirectory: options.remoteDirectory,
    localDirectory: absolute(options.localDirectory),
    ms,
    version: VERSION,
    // Called after the login, in which ssh may ask for a password.
    onBegin: (step) => terminal.showStatus(`examining ${peer.name}: ${nameRunningStep(step, { host: peer.name })} ...`),
    onStep: report,
    signal: AbortSignal.any([stop.signal, output.lost]),
  });
  const end = (error: unknown) => {
    const status = error === undefined ? "ok" : "failed";
    write(jsonLine({ event: "end", status, exitStatus: statusOf(error) }));
  };
  const { facts, error } = await examining.catch((error) => {
    if (json) end(error);
    throw error;
  }).finally(() => terminal.close());
  // An installation does not change the path of -D.
  const canInstall = error instanceof UnusableEscp && access.search !== undefined;
  const advice = canInstall ? [installAdvice(peer.name)] : adviceFor(facts);
  for (const text of advice) report({ step: "advice", status: "ok", text });
  if (json) end(error);
  else if (!quiet || error !== undefined) {
    const view = { bits, host: peer.name, width: stdoutWidth() };
    renderVerdict(steps, view, { failure: error === undefined ? undefined : headline(error) }).forEach(write);
    for (const step of steps.filter((step) => isShown(step, { quiet, verbose }))) renderStep(step, view).forEach(write);
  }
  output.lost.throwIfAborted();
  return statusOf(error);
}

function statusOf(error: unknown): number {
  return error === undefined ? EXIT_STATUS.ok : exitStatusOf(error);
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

function installAdvice(host: string): string {
  return `Install escp with: escp --install ${host}; a copy from a compiled escp installs it automatically ` +
    "(--bootstrap always if there is no terminal)";
}

/** Returns the absolute path without resolving symbolic links. */
function absolute(directory: string): string {
  return isAbsolutePath(directory) ? directory : joinPath(Deno.cwd(), directory === "." ? "" : directory);
}
