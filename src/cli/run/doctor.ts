/** `--doctor`: checks the connection to a host and measures it. Prints one line per step, or one JSON object. */

import { examine } from "../../doctor/examine.ts";
import type { Step } from "../../doctor/step.ts";
import { jsonLine } from "../../escape_text.ts";
import { UnusableEscp } from "../../session/model/start_errors.ts";
import { adviceFor } from "../../ui/advice.ts";
import { renderStep } from "../../ui/doctor_report.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { DoctorOptions } from "../options/command.ts";
import { pathOfEscp } from "../remote_escp.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";
import { peerCommand, sessionOptions } from "./peer.ts";

/** Returns 0 if a copy would work, else its exit status. @throws the reason of a signal, and bugs. */
export async function runDoctor({ remote, host, ms, ...options }: DoctorOptions): Promise<number> {
  const { bits, json, quiet } = options.output;
  const access = { ...host.access, remotePath: pathOfEscp(remote, host.access) };
  using stop = stopSignals();
  const output = new Output();
  const write = (line: string) => output.write(line + "\n");
  const peer = peerCommand(remote, access, host);
  const report = (step: Step) => {
    if (json) write(jsonLine({ event: "step", ...step }));
    else if (!quiet || step.status === "fail") {
      for (const line of renderStep(step, { bits, host: peer.name })) write(line);
    }
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
  const status = error === undefined ? EXIT_STATUS.ok : exitStatusOf(error);
  if (json) {
    write(jsonLine({ event: "end", status: error === undefined ? "ok" : "failed", exitStatus: status }));
  }
  output.lost.throwIfAborted();
  return status;
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
