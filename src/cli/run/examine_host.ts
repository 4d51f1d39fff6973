/** Examines the host of `--doctor`, for the command line and for the library. */

import { examine } from "../../doctor/examine.ts";
import type { StepListeners } from "../../doctor/step.ts";
import { isAbsolutePath, joinPath } from "../../files/path/local_path.ts";
import { UnusableEscp } from "../../session/model/start_errors.ts";
import { adviceFor } from "../../ui/advice.ts";
import type { DoctorOptions } from "../options/command.ts";
import type { Program } from "../program.ts";
import { pathOfEscp } from "../remote_escp.ts";
import { VERSION } from "../version.ts";
import { peerCommand, sessionOptions } from "./peer.ts";

/** Callbacks for the steps, and the program that examines the host. */
export interface ExamineListeners extends StepListeners {
  signal: AbortSignal;
  program: Program;
}

/** Examines a host. The last steps are the advice. @returns the error of a copy. @throws the reason of the signal, and bugs. */
export async function examineHost(
  { remote, host, ms, ...options }: DoctorOptions,
  { program, ...listeners }: ExamineListeners,
): Promise<{ error?: unknown }> {
  const access = { ...host.access, remotePath: pathOfEscp(remote, host.access) };
  const peer = peerCommand(remote, access, host, program);
  const { facts, error } = await examine({
    ...sessionOptions(remote, host),
    ...listeners,
    peer,
    reach: { ...access, host: remote },
    blockBytes: host.request.blockBytes,
    congestion: host.request.congestion,
    remoteDirectory: options.remoteDirectory,
    localDirectory: absolute(options.localDirectory),
    ms,
    version: VERSION,
  });
  // An installation does not change the path of -D.
  const canInstall = error instanceof UnusableEscp && !remote.serve && access.search !== undefined;
  const advice = canInstall ? [installAdvice(peer.name)] : adviceFor(facts);
  for (const text of advice) listeners.onStep({ step: "advice", status: "ok", text });
  return { error };
}

function installAdvice(host: string): string {
  return `Install escp with: escp --install ${host}; a copy from a compiled escp installs it automatically ` +
    "(--bootstrap always if there is no terminal)";
}

/** Returns the absolute path without resolving symbolic links. */
function absolute(directory: string): string {
  return isAbsolutePath(directory) ? directory : joinPath(Deno.cwd(), directory === "." ? "" : directory);
}
