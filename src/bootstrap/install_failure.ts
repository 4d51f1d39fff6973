/** Errors for failed steps of the installation script. */

import { quotePath, StartError } from "../errors.ts";

const ELSEWHERE = "Use --install-dir DIR to choose another directory on that host";

/** @param failed the step and the message of the host. */
export function installFailure(name: string, failed: string, task: "install" | "remove"): StartError {
  const space = failed.indexOf(" ");
  const [step, text] = space < 0 ? [failed, ""] : [failed.slice(0, space), failed.slice(space + 1)];
  const { state, hint } = describe(step, text);
  return new StartError(`Cannot ${task} escp on ${name}: ${state}`, { hint });
}

function describe(step: string, text: string): { state: string; hint?: string } {
  switch (step) {
    case "homeless":
      return { state: "the user has no home directory there", hint: ELSEWHERE };
    case "make":
      return { state: `cannot create its directory: ${text}`, hint: ELSEWHERE };
    case "loose":
      return {
        state: `other users may write to ${quotePath(text)}, or own it`,
        hint:
          "Remove write permission with chmod go-w, or use --install-dir DIR to choose a directory that only you may write " +
          "to, including its parents",
      };
    case "remove":
      return { state: `cannot remove it: ${text}` };
    case "write":
      return { state: `cannot write it: ${text}`, hint: `Free some space there. ${ELSEWHERE}` };
    case "changed":
      return { state: `the file was corrupted in transit (${text}) and removed`, hint: "Run it again" };
    case "run":
      return notRunning(text);
    default:
      return { state: text || step };
  }
}

/** Describes a program that does not run. A shell returns status 126 if a file may not be executed. */
function notRunning(text: string): { state: string; hint: string } {
  const [status] = text.split(" ", 1);
  const output = text.slice(status.length).trim();
  if (status === "126") {
    return {
      state: `it may not be executed there, as on a file system mounted noexec (${output})`,
      hint: "Use --install-dir DIR to choose a directory on another file system",
    };
  }
  return {
    state: `it does not run there (status ${status}${output ? `: ${output}` : ""})`,
    hint: "Use --binaries DIR to name a directory with an executable for that system",
  };
}
