/**
 * To root no file is closed, so tests of permissions run escp without the capabilities that make it so (capabilities(7)):
 * as the same user, but with the rights of any other.
 */

import { escpCommand } from "../support/escp_command.ts";
import { quoteWord } from "../../src/ssh/remote_command.ts";

const COMMAND = Deno.uid() === 0 ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"] : [];

/** Why permissions cannot be tested here; undefined when they can. */
export const plainRightsProblem: string | undefined = COMMAND.length === 0 ? undefined : findProblem(COMMAND);

/** A user who owns nothing, and may read everything, so that a Deno of this user's runs as him. */
export const OTHER_USER = 54321;
export const AS_OTHER_USER: string[] = ["setpriv", `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, "--clear-groups"]
  .concat(
    ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--"],
  );

/** Why nothing can be run as him. */
export const otherUserProblem: string | undefined = Deno.uid() === 0 ? findProblem(AS_OTHER_USER) : "not root";

/** For sshd's ForceCommand: what the client asks for, with plain rights. */
export const plainShell: string = `exec ${[...COMMAND, "sh", "-c"].join(" ")} "$SSH_ORIGINAL_COMMAND"`;

/** Writes an escp with plain rights into the directory and returns its path. */
export function writePlainEscp(directory: string, inner: string[] = escpCommand()): Promise<string> {
  return write(`${directory}/plain-escp`, [...COMMAND, ...inner]);
}

/** The same for one of the other user. */
export function writeOthersEscp(directory: string, inner: string[] = escpCommand()): Promise<string> {
  return write(`${directory}/others-escp`, [...AS_OTHER_USER, ...inner]);
}

async function write(path: string, command: string[]): Promise<string> {
  const words = command.map(quoteWord).join(" ");
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${words} "$@"\n`);
  await Deno.chmod(path, 0o755);
  return path;
}

/** Makes the escp that tests run until it is disposed of the one at the path. */
export function useAsEscp(path: string): Disposable {
  const before = Deno.env.get("ESCP_BINARY");
  Deno.env.set("ESCP_BINARY", path);
  return {
    [Symbol.dispose]() {
      if (before === undefined) Deno.env.delete("ESCP_BINARY");
      else Deno.env.set("ESCP_BINARY", before);
    },
  };
}

function findProblem([program, ...args]: string[]): string | undefined {
  try {
    const { success } = new Deno.Command(program, { args: [...args, "true"], stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : "root may not give up its rights here";
  } catch {
    return "root, and no setpriv";
  }
}
