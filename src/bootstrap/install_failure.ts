/** Errors for failed steps of the installation script. */

import { quotePath, StartError } from "../errors.ts";

const ELSEWHERE = "Use --install-dir DIR to choose another directory on that host";

/** Returns the error for a failed step. @param failed the name of the step, a space, and the message of the host. */
export function installFailure(name: string, failed: string, task: "install" | "remove"): StartError {
  const space = failed.indexOf(" ");
  const [step, text] = space < 0 ? [failed, ""] : [failed.slice(0, space), failed.slice(space + 1)];
  const { reason, hint } = describe(step, text);
  return new StartError(`Cannot ${task} escp on ${name}: ${reason}`, { hint });
}

function describe(step: string, text: string): { reason: string; hint?: string } {
  switch (step) {
    case "homeless":
      return { reason: "the user has no home directory", hint: ELSEWHERE };
    case "make":
      return { reason: `cannot create its directory: ${text}`, hint: ELSEWHERE };
    case "loose":
      return {
        reason: `other users may write to ${quotePath(text)}, or own it`,
        hint:
          "Remove write permission with chmod go-w, or use --install-dir DIR to choose a directory that only you may write " +
          "to, including its parents",
      };
    case "remove":
      return { reason: `cannot remove it: ${text}` };
    case "write":
      return { reason: `cannot write it: ${text}`, hint: `Free some space on that host. ${ELSEWHERE}` };
    case "changed":
      return { reason: `the file was corrupted in transit (${text}) and removed`, hint: "Run the same command again" };
    case "run":
      return notRunning(text);
    default:
      return { reason: text || step };
  }
}

/** Describes a program that does not run. A shell returns status 126 if a file may not be executed. */
function notRunning(text: string): { reason: string; hint: string } {
  const [status] = text.split(" ", 1);
  const output = text.slice(status.length).trim();
  if (status === "126") {
    return {
      reason: `it may not be executed there, as on a file system mounted noexec (${output})`,
      hint: "Use --install-dir DIR to choose a directory on another file system",
    };
  }
  return {
    reason: `it does not run there (status ${status}${output ? `: ${output}` : ""})`,
    hint: "Use --binaries DIR to name a directory with an executable for that system",
  };
}
