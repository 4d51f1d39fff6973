/** `--doctor`: checks the connection to a host and measures it. Prints a verdict and advice, or one JSON object per step. */

import { examine } from "../../doctor/examine.ts";
import type { Step } from "../../doctor/step.ts";
import { jsonLine, printable } from "../../escape_text.ts";
import { UnusableEscp } from "../../session/model/start_errors.ts";
import { adviceFor } from "../../ui/advice.ts";
import { renderStep } from "../../ui/doctor_report.ts";
import { renderVerdict } from "../../ui/doctor_verdict.ts";
import { ERASE_TO_END, type Screen, stderrScreen } from "../../ui/terminal.ts";
import { cutToWidth } from "../../ui/text_width.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { DoctorOptions } from "../options/command.ts";
import { headline } from "../report_error.ts";
import { pathOfEscp } from "../remote_escp.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";
import { peerCommand, sessionOptions } from "./peer.ts";

/** Returns 0 if a copy would work, else its exit status. @throws the reason of a signal, and bugs. */
export async function runDoctor({ remote, host, ms, ...options }: DoctorOptions): Promise<number> {
  const { bits, json, quiet, verbose } = options.output;
  const access = { ...host.access, remotePath: pathOfEscp(remote, host.access) };
  using stop = stopSignals();
  const output = new Output();
  const write = (line: string) => output.write(line + "\n");
  const peer = peerCommand(remote, access, host);
  const steps: Step[] = [];
  using progress = new StepProgress(peer.name, { shown: !quiet && !json });
  const report = (step: Step) => {
    steps.push(step);
    if (json) write(jsonLine({ event: "step", ...step }));
    else progress.done(step);
  };
  const { facts, error } = await examine({
    ...sessionOptions(remote, host),
    peer,
    reach: { ...access, host: remote },
    blockBytes: host.request.blockBytes,
    congestion: host.request.congestion,
    remoteDirectory: options.remoteDirectory,
    localDirectory: await absolute(options.localDirectory),
    ms,
    version: VERSION,
    onStep: report,
    signal: AbortSignal.any([stop.signal, output.lost]),
  });
  const advice = error instanceof UnusableEscp ? [installAdvice(peer.name)] : adviceFor(facts);
  for (const text of advice) report({ step: "advice", status: "ok", text });
  progress.clear();
  const status = error === undefined ? EXIT_STATUS.ok : exitStatusOf(error);
  if (json) {
    write(jsonLine({ event: "end", status: error === undefined ? "ok" : "failed", exitStatus: status }));
  } else if (!quiet || error !== undefined) {
    const view = { bits, host: peer.name, width: stdoutWidth() };
    renderVerdict(steps, view, { failure: error === undefined ? undefined : headline(error) }).forEach(write);
    for (const step of steps.filter((step) => isShown(step, { quiet, verbose }))) renderStep(step, view).forEach(write);
  }
  output.lost.throwIfAborted();
  return status;
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

/** A line on the terminal while the steps run, because they are printed at the end. */
class StepProgress implements Disposable {
  readonly #host: string;
  readonly #screen: Screen | undefined;
  #drawn = false;

  constructor(host: string, { shown }: { shown: boolean }) {
    this.#host = host;
    const screen = stderrScreen();
    this.#screen = shown && screen.canRedraw ? screen : undefined;
  }

  /** Shows the last finished step. Before the first one, ssh may be asking for a password. */
  done({ step }: Step): void {
    const screen = this.#screen;
    if (!screen?.isForeground()) return;
    const text = printable(`examining ${this.#host}: ${step} is done ...`);
    screen.write("\r" + cutToWidth(text, Math.max(1, screen.columns() - 1)) + ERASE_TO_END);
    this.#drawn = true;
  }

  clear(): void {
    if (this.#drawn && this.#screen?.isForeground()) this.#screen.write("\r" + ERASE_TO_END);
    this.#drawn = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

function installAdvice(host: string): string {
  return `Install escp with: escp --install ${host}; a copy from a compiled escp installs it automatically ` +
    "(--bootstrap always if there is no terminal)";
}

/** Returns the absolute path without resolving symbolic links. */
async function absolute(directory: string): Promise<string> {
  const { isAbsolutePath, joinPath } = await import("../../files/path/local_path.ts");
  return isAbsolutePath(directory) ? directory : joinPath(Deno.cwd(), directory === "." ? "" : directory);
}
