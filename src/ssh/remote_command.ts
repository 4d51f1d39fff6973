import { quotePath, UsageError } from "../errors.ts";
import { quoteProgram, quoteWord } from "./shell_quote.ts";

/**
 * Returns the command line that starts the remote escp: `escp --receiver`. It never contains the path of a copied file.
 * @param path Path of the remote escp. The remote shell expands a leading "~/" or "~user/".
 * @param args Further arguments. They are quoted here.
 * @throws UsageError if the path is empty or contains control characters.
 */
export function remoteCommand(path = "escp", args: readonly string[] = []): string {
  return commandLine(path, ["--receiver", ...args]);
}

/**
 * Returns the command line that starts a remote program which forwards its standard input and output to a local TCP port.
 * @param port Port at which the remote escp accepts streams.
 * @throws UsageError as `remoteCommand`.
 */
export function remoteStreamCommand(path: string, port: number): string {
  return commandLine(path, [`--receiver-stream=${port}`]);
}

function commandLine(path: string, args: readonly string[]): string {
  // deno-lint-ignore no-control-regex
  if (path === "" || /[\u0000-\u001f\u007f]/.test(path)) {
    throw new UsageError(`Cannot run ${quotePath(path)} on the remote host: not the path of a program`);
  }
  return [quoteProgram(path), ...args.map(quoteWord)].join(" ");
}
