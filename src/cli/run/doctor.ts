/** `--doctor`: examines the way to a host and says what a copy can expect of it, one line a step, or one JSON object. */

import { examine } from "../../doctor/examine.ts";
import type { Step } from "../../doctor/step.ts";
import { jsonLine } from "../../escape_text.ts";
import { UnusableEscp } from "../../session/model/start_errors.ts";
import { adviceFor } from "../../ui/advice.ts";
import { renderStep } from "../../ui/doctor_report.ts";
import { EXIT_STATUS, exitStatusOf } from "../exit_status.ts";
import type { DoctorOptions } from "../options/options.ts";
import { placeOfEscp } from "../remote_escp.ts";
import { accessTo, familyOf, mayAsk, peerCommand, streamsTo } from "./transfer.ts";
import { Output } from "../stdout.ts";
import { stopSignals } from "../stop_signals.ts";
import { VERSION } from "../version.ts";

/** @returns 0 when a copy would work, else the status that it would end with. @throws the reason of a signal, and bugs. */
export async function runDoctor(given: DoctorOptions): Promise<number> {
  const { remote, directoryThere, directoryHere, bits, json, quiet } = given;
  const options = { ...given, remotePath: placeOfEscp(remote, given) };
  using stop = stopSignals();
  const output = new Output();
  const write = (line: string) => output.write(line + "\n");
  const peer = peerCommand(options, remote);
  const tell = (step: Step) => {
    if (json) write(jsonLine({ event: "step", ...step }));
    else if (!quiet || step.status === "fail") {
      for (const line of renderStep(step, { bits, host: peer.name })) write(line);
    }
  };
  const { facts, error } = await examine({
    peer,
    reach: { ...accessTo(options), host: remote },
    family: familyOf(options),
    engine: options.engine,
    threads: options.threads,
    cipher: options.cipher,
    helloTimeoutMs: mayAsk({ remote }, options) ? undefined : options.timeoutMs,
    timeoutMs: options.timeoutMs,
    streams: streamsTo(remote, options),
    blockBytes: options.blockBytes,
    congestion: options.congestion,
    directoryThere,
    directoryHere: await absolute(directoryHere),
    ms: options.ms,
    version: VERSION,
    tell,
    signal: AbortSignal.any([stop.signal, output.lost]),
  });
  const advice = error instanceof UnusableEscp ? [putThere(peer.name)] : adviceFor(facts);
  for (const text of advice) tell({ step: "advice", status: "ok", text });
  const status = error === undefined ? EXIT_STATUS.ok : exitStatusOf(error);
  if (json) {
    write(jsonLine({ event: "end", status: error === undefined ? "ok" : "failed", exitStatus: status }));
  }
  output.lost.throwIfAborted();
  return status;
}

function putThere(host: string): string {
  return `A compiled escp puts itself there: escp --install ${host} does it now, and a copy does it by itself ` +
    "(--bootstrap always where nobody can be asked)";
}

/** Links stay as they are: a disk is measured where the name leads. */
async function absolute(directory: string): Promise<string> {
  const { isAbsolutePath, joinPath } = await import("../../files/path/local_path.ts");
  return isAbsolutePath(directory) ? directory : joinPath(Deno.cwd(), directory === "." ? "" : directory);
}
