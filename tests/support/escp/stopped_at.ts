/** Stops escp at an exact system call by strace(1), so that a test can act meanwhile. */

import { escpCommand } from "./escp_command.ts";
import { descendantsOf } from "../processes.ts";

/** Reason why strace(1) cannot trace processes and their threads on this system; undefined if it can. */
export const tracingProblem: string | undefined = findProblem();

/** Returns a command that runs escp and stops it (SIGSTOP) at a system call of this name: by default the first one. */
export function stoppingCommand(call: string, log: string, { when = 1 }: { when?: number } = {}): string[] {
  const inject = `inject=${call}:signal=STOP:when=${when}`;
  return ["strace", "-o", log, "-e", `trace=${call}`, "-e", inject, ...escpCommand()];
}

/** Returns whether escp has stopped, according to the log of strace(1). */
export function hasStopped(log: string): boolean {
  try {
    return Deno.readTextFileSync(log).includes("stopped by SIGSTOP");
  } catch {
    // strace(1) has not started yet.
    return false;
  }
}

/** Continues the process that strace(1) runs. */
export async function resume(strace: number): Promise<void> {
  for (const { pid } of await descendantsOf(strace)) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (parent === strace) return Deno.kill(pid, "SIGCONT");
  }
  throw new Error("The process has exited");
}

function findProblem(): string | undefined {
  try {
    const { success } = new Deno.Command("strace", { args: ["-f", "-o", "/dev/null", "true"], stderr: "null" })
      .outputSync();
    return success ? undefined : "this system does not allow tracing";
  } catch {
    return "strace is not installed";
  }
}
