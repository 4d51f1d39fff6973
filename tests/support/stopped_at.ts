/** Stops a process at an exact instant, so that a test can act while nothing else happens. By strace(1). */

import { escpCommand } from "./escp_command.ts";
import { descendantsOf } from "./processes.ts";

/** Why no process can be stopped so; undefined when it can. */
export const stoppingProblem: string | undefined = findProblem();

/** How to run escp so that it stops (SIGSTOP) when it has begun its first system call of this name. */
export function stoppingCommand(call: string, log: string): string[] {
  const inject = `inject=${call}:signal=STOP:when=1`;
  return ["strace", "-o", log, "-e", `trace=${call}`, "-e", inject, ...escpCommand()];
}

/** Whether it has stopped, as the log tells. */
export function hasStopped(log: string): boolean {
  try {
    return Deno.readTextFileSync(log).includes("stopped by SIGSTOP");
  } catch {
    // It has not begun.
    return false;
  }
}

/** Lets what strace runs go on. */
export async function letGoOn(strace: number): Promise<void> {
  for (const { pid } of await descendantsOf(strace)) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (parent === strace) return Deno.kill(pid, "SIGCONT");
  }
  throw new Error("It is not there any more");
}

function findProblem(): string | undefined {
  try {
    const { success } = new Deno.Command("strace", { args: ["-o", "/dev/null", "true"], stderr: "null" }).outputSync();
    return success ? undefined : "no process may be traced here";
  } catch {
    return "there is no strace";
  }
}
