/**
 * No file is closed to root, so tests of permissions run escp without the capabilities that override modes
 * (capabilities(7)): as the same user, but with the rights of an ordinary one.
 */

import { escpCommand } from "../escp/escp_command.ts";
import { writeWrapper } from "../shell_script.ts";

/** Prefix of a command line that gives up root's access to closed files; empty for other users. */
export const PLAIN_RIGHTS: readonly string[] = Deno.uid() === 0
  ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]
  : [];

/** Reason why permissions cannot be tested on this system; undefined if they can. */
export const plainRightsProblem: string | undefined = PLAIN_RIGHTS.length === 0 ? undefined : findProblem(PLAIN_RIGHTS);

/** A user without files. */
export const OTHER_USER = 54321;

/** Prefix of a command line that runs it as the other user, who may read everything, including Deno's cache. */
export const AS_OTHER_USER: string[] = [
  ...["setpriv", `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, "--clear-groups"],
  ...["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--"],
];

/** Reason why no command can be run as the other user; undefined if it can. */
export const otherUserProblem: string | undefined = Deno.uid() === 0 ? findProblem(AS_OTHER_USER) : "not root";

/** ForceCommand of sshd that runs the client's command with plain rights. */
export const plainShell: string = `exec ${[...PLAIN_RIGHTS, "sh", "-c"].join(" ")} "$SSH_ORIGINAL_COMMAND"`;

/** Writes an escp with plain rights into the directory and returns its path. */
export function writePlainEscp(directory: string, inner: readonly string[] = escpCommand()): Promise<string> {
  return writeWrapper(`${directory}/plain-escp`, [...PLAIN_RIGHTS, ...inner]);
}

/** Writes an escp that runs as the other user into the directory and returns its path. */
export function writeOthersEscp(directory: string, inner: readonly string[] = escpCommand()): Promise<string> {
  return writeWrapper(`${directory}/others-escp`, [...AS_OTHER_USER, ...inner]);
}

function findProblem([program, ...args]: readonly string[]): string | undefined {
  try {
    const options: Deno.CommandOptions = { args: [...args, "true"], stdout: "null", stderr: "null" };
    const { success } = new Deno.Command(program, options).outputSync();
    return success ? undefined : "root may not give up its rights on this system";
  } catch {
    return "root, and no setpriv";
  }
}
