/** `-R`: from one remote host to another without this one in between. escp on the first host does the whole copy. */

import { StartError } from "../errors.ts";
import { formatOperand, type Operand } from "../ssh/operand.ts";
import { quoteProgram, quoteWord } from "../ssh/remote_command.ts";
import { sshCommand } from "../ssh/ssh_command.ts";
import type { FilterRule } from "../files/filter.ts";
import type { Options } from "./options.ts";

/**
 * Runs escp on the origin host; its output is the user's. The origin must be able to log in to the target by itself.
 *
 * @returns its exit status.
 */
export async function runOnOrigin(options: Options, signal: AbortSignal): Promise<number> {
  const { program, args } = sshCommand(options.ssh, options.origin!, originCommand(options));
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args, stdin: "inherit", stdout: "inherit", stderr: "inherit" }).spawn();
  } catch (cause) {
    throw new StartError(`Cannot start ${program}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const { code } = await child.status;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  return code;
}

/** The command line for the shell of the origin host: every word of it is quoted. */
export function originCommand(options: Options): string {
  const before = [
    ...(options.recursive ? ["-r"] : []),
    ...(options.preserve ? ["-p"] : []),
    ...(options.quiet ? ["-q"] : []),
    ...Array.from({ length: options.verbose }, () => "-v"),
    `--symlinks=${options.symlinks}`,
    ...(options.hardlinks ? ["--hardlinks"] : []),
    ...options.filters.map(filterWord),
    ...(options.bytesPerSecond > 0 ? [`--limit=${Math.ceil(options.bytesPerSecond * 8 / 1000)}`] : []),
    `--streams=${options.streams}`,
    `--cipher=${options.cipher}`,
    `--engine=${options.engine}`,
    ...(options.ssh.batch ? ["-B"] : []),
    "--",
  ];
  // A leading "~" is for that shell, as there is no other that could expand it.
  const sources = options.sources.map((source) => quoteProgram(localWord(source.path)));
  const target = quoteWord(formatOperand(options.target));
  return [quoteProgram(options.remotePath), ...before.map(quoteWord), ...sources, target].join(" ");
}

function filterWord({ action, kind, pattern }: FilterRule): string {
  return `--${action}${kind === "regex" ? "-regex" : ""}=${pattern}`;
}

/** A path of the origin host must not be taken for an operand with a host. */
function localWord(path: Operand["path"]): string {
  if (path === "") return ".";
  return path.startsWith("/") || path.startsWith("./") || path.startsWith("~") ? path : `./${path}`;
}
