/** What the user is told when the script could not do a step. */

import { quotePath, StartError } from "../errors.ts";

const ELSEWHERE = "Name a directory there that can be used with --install-dir DIR";

/** @param failed the step and what the host says of it. */
export function installFailure(name: string, failed: string): StartError {
  const space = failed.indexOf(" ");
  const [step, text] = space < 0 ? [failed, ""] : [failed.slice(0, space), failed.slice(space + 1)];
  const { state, hint } = describe(step, text);
  return new StartError(`Cannot put escp on ${name}: ${state}`, { hint });
}

function describe(step: string, text: string): { state: string; hint?: string } {
  switch (step) {
    case "homeless":
      return { state: "the login has no home directory there", hint: ELSEWHERE };
    case "make":
      return { state: `its directory cannot be made there: ${text}`, hint: ELSEWHERE };
    case "loose":
      return {
        state: `others may write to ${quotePath(text)}, or it belongs to somebody else`,
        hint:
          "Take the rights away with chmod go-w, or name another directory with --install-dir DIR: nobody else may " +
          "write to it or to one above it",
      };
    case "write":
      return { state: `it cannot be written there: ${text}`, hint: `Free some space there. ${ELSEWHERE}` };
    case "changed":
      return { state: `what arrived is not what was sent (${text}); it was removed`, hint: "Run it again" };
    case "run":
      return notRunning(text);
    default:
      return { state: text || step };
  }
}

/** A shell's status: 126 is what may not be executed. */
function notRunning(text: string): { state: string; hint: string } {
  const [status] = text.split(" ", 1);
  const said = text.slice(status.length).trim();
  if (status === "126") {
    return {
      state: `it may not be executed there, as on a file system that is mounted noexec (${said})`,
      hint: "Name a directory on another file system with --install-dir DIR",
    };
  }
  return {
    state: `it does not run there (status ${status}${said ? `: ${said}` : ""})`,
    hint: "Is there an executable for that system? --binaries DIR names a directory that has it",
  };
}
