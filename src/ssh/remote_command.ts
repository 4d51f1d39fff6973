import { quotePath, UsageError } from "../errors.ts";

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

/** Quotes one word for a POSIX shell, if necessary. */
export function quoteWord(text: string): string {
  if (/^[A-Za-z0-9_@%+:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Quotes a path as `quoteWord`, except for a leading "~/" or "~user/", which the shell expands. */
export function quoteProgram(path: string): string {
  const home = /^~[A-Za-z0-9._-]*\//.exec(path)?.[0] ?? "";
  const rest = path.slice(home.length);
  return home + (rest === "" ? "" : quoteWord(rest));
}
