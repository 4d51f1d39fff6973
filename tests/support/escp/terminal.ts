/** Runs commands on a terminal by script(1). */

import { quoteWord } from "../../../src/ssh/shell_quote.ts";

/** Reason why no command can run on a terminal on this system; undefined if it can. */
export const terminalProblem: string | undefined = findProblem();

/** Returns the command that runs another one on a terminal of 80 columns and copies its output to standard output. */
export function onTerminal(command: readonly string[]): [program: string, ...args: string[]] {
  return ["script", "-qec", `stty cols 80; exec ${command.map(quoteWord).join(" ")}`, "/dev/null"];
}

function findProblem(): string | undefined {
  const [program, ...args] = onTerminal(["true"]);
  try {
    const { success } = new Deno.Command(program, { args, stdin: "null", stdout: "null" }).outputSync();
    return success ? undefined : "script(1) of another kind";
  } catch {
    return "no script(1)";
  }
}
