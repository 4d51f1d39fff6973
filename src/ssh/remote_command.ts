import { quotePath, UsageError } from "../errors.ts";

/**
 * The command line that starts the other end: `escp --receiver`. No path of a file is ever part of it.
 * @param path Where escp is there; a leading "~/" or "~user/" is expanded by the remote shell.
 * @param args More arguments, each of which is quoted.
 * @throws UsageError when the path is empty or holds control characters.
 */
export function remoteCommand(path = "escp", args: readonly string[] = []): string {
  return commandLine(path, ["--receiver", ...args]);
}

/**
 * The command line that starts one more program there, whose standard input and output lead to a TCP port of that host.
 * @param port Where the other end awaits streams.
 * @throws UsageError as `remoteCommand`.
 */
export function remoteStreamCommand(path: string, port: number): string {
  return commandLine(path, [`--receiver-stream=${port}`]);
}

function commandLine(path: string, args: readonly string[]): string {
  // deno-lint-ignore no-control-regex
  if (path === "" || /[\u0000-\u001f\u007f]/.test(path)) {
    throw new UsageError(`Cannot run ${quotePath(path)} on the remote host: that is not a path of a program`);
  }
  return [quoteProgram(path), ...args.map(quoteWord)].join(" ");
}

/** One word for a POSIX shell. Left as it is when nothing in it means anything to a shell. */
export function quoteWord(text: string): string {
  if (/^[A-Za-z0-9_@%+:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As `quoteWord`, but a leading "~/" or "~user/" is left for the shell to expand. */
export function quoteProgram(path: string): string {
  const home = /^~[A-Za-z0-9._-]*\//.exec(path)?.[0] ?? "";
  const rest = path.slice(home.length);
  return home + (rest === "" ? "" : quoteWord(rest));
}
