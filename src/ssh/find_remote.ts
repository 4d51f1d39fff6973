/** The line of shell that finds escp on a remote host. */

import { SHELL_CHECKS } from "./shell_checks.ts";
import { quoteWord } from "./shell_quote.ts";

/** First line of output of a remote command that finds escp. The next line is the limit of address space (`ulimit -v`). */
const BEGIN_MARK = "escp-begin";

/**
 * Returns a command line that runs escp with arguments: the program at `path` if it is absolute and exists, else the one in the
 * PATH, else the one of this version in the cache directory. Exits with status 127 if there is none.
 *
 * A program in the cache directory is run only if no other user could have placed it. The program and each directory above it,
 * up to the home directory or the root, must belong to this user or root. No other user may write to them.
 *
 * @param args words for the login shell, quoted.
 * @param options.mark whether to print BEGIN_MARK before escp starts.
 */
export function findingCommand(
  path: string,
  args: readonly string[],
  { version, mark }: { version: string; mark: boolean },
): string {
  // The login shell may be csh or fish, so the script has no newline, single quote, backslash or exclamation mark.
  const script = [...(mark ? [`echo ${BEGIN_MARK}`, "ulimit -v 2>/dev/null"] : []), ...searchFor(version)].join("; ");
  return ["sh", "-c", `'${script}'`, quoteWord(path), ...args].join(" ");
}

function searchFor(version: string): string[] {
  return [
    'case $0 in /*) [ -x "$0" ] && exec "$0" "$@" ;; esac',
    'command -v escp >/dev/null 2>&1 && exec escp "$@"',
    ...SHELL_CHECKS,
    `find_cache; [ -n "$cache" ] && found=$(real "$cache/${version}") && [ -x "$found/escp" ] || exit 127`,
    'find_user; closed "$found/escp" && closed_above "$found" || exit 127',
    'exec "$found/escp" "$@"',
  ];
}

/** Output of a remote command before the hello. */
export interface BeginOutput {
  /** Whether the command was reached: the login succeeded. */
  begun: boolean;
  /** Limit of the address space in KiB; undefined if there is none. */
  addressSpaceKiB?: number;
  /** The output without the mark. */
  noise: string;
}

/** Takes the mark and the limit out of the output of a remote command. */
export function parseBegin(output: string): BeginOutput {
  const found = new RegExp(`${BEGIN_MARK}\\r?\\n(?:(?:(\\d+)|unlimited)\\r?\\n)?`).exec(output);
  if (!found) return { begun: false, noise: output };
  const [text, limit] = found;
  const noise = output.slice(0, found.index) + output.slice(found.index + text.length);
  return { begun: true, noise, ...(limit === undefined ? {} : { addressSpaceKiB: Number(limit) }) };
}
