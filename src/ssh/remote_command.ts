import { quotePath, UsageError } from "../errors.ts";
import { findingCommand } from "./find_remote.ts";
import { quoteProgram, quoteWord } from "./shell_quote.ts";

/** The remote escp. */
export interface RemoteProgram {
  /** Path of the remote escp. The remote shell expands a leading "~/" or "~user/". */
  readonly remotePath: string;
  /** Version to look for if there is no program at the path; undefined if the user has named the path. */
  readonly search?: string;
}

/**
 * Returns the command line that starts the remote escp: `escp --receiver`. It never contains the path of a copied file.
 *
 * @param args Further arguments, not quoted.
 * @throws {UsageError} if the path is empty or contains control characters.
 */
export function remoteCommand(program: RemoteProgram, args: readonly string[] = []): string {
  return commandLine(program, ["--receiver", ...args].map(quoteWord), { mark: true });
}

/**
 * Returns the command line that starts a remote program which forwards its standard input and output to a local TCP port.
 *
 * @param port Port at which the remote escp accepts streams.
 * @throws {UsageError} as `remoteCommand`.
 */
export function remoteStreamCommand(program: RemoteProgram, port: number): string {
  return commandLine(program, [quoteWord(`--receiver-stream=${port}`)], { mark: false });
}

/** Returns the command line that runs escp with other arguments. @param args quoted words. @throws {UsageError} as `remoteCommand`. */
export function remoteEscpCommand(program: RemoteProgram, args: readonly string[]): string {
  return commandLine(program, args, { mark: false });
}

function commandLine(
  { remotePath: path, search }: RemoteProgram,
  args: readonly string[],
  { mark }: { mark: boolean },
): string {
  // deno-lint-ignore no-control-regex
  if (path === "" || /[\u0000-\u001f\u007f]/.test(path)) {
    throw new UsageError(`Cannot run ${quotePath(path)} on the remote host: not the path of a program`);
  }
  if (search !== undefined) return findingCommand(path, args, { version: search, mark });
  return [quoteProgram(path), ...args].join(" ");
}
