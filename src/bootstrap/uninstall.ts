/** Removes escp from a host: every version in the user's cache directory, and the program in another directory. */

import { abortable } from "../async/abortable.ts";
import type { PeerCommand } from "../session/model/peer_process.ts";
import { quoteWord } from "../ssh/shell_quote.ts";
import { FUNCTIONS } from "./install_script.ts";
import { InstallSession, type Patience } from "./install_session.ts";

export interface UninstallOptions {
  /** ssh with `sh` as the remote command. */
  command: PeerCommand;
  /** Further directory with a program, as that of --install-dir. */
  directory?: string;
  patience: Patience;
  /** Ends the removal early; its reason is thrown. */
  signal: AbortSignal;
}

/** Returns the removed versions, and the paths of other removed programs. @throws {StartError} */
export async function uninstall({ command, directory, patience, signal }: UninstallOptions): Promise<string[]> {
  signal.throwIfAborted();
  await using session = new InstallSession(command, patience, "remove");
  const stop = () => session.abandon();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await abortable(session.remove(uninstallScript(directory)), signal);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Returns the script. It prints `removed VERSION` or `removed PATH` for each program, then `done`, and on an error `failed STEP
 * TEXT`. It removes nothing in a directory that another user may change, who could redirect it to other files.
 */
export function uninstallScript(directory = ""): string {
  return [`wanted=${quoteWord(directory)}`, FUNCTIONS, BODY].join("\n");
}

const BODY = `
main() {
  LC_ALL=C; export LC_ALL
  user=$(id -u)
  home=$(real "\${HOME:-/}") || home=
  own_cache
  list=$(versions)
  set -f
  for each in $list; do
    if [ -f "$cache/$each/escp" ]; then uninstall "$each"; fi
  done
  if [ -n "$cache" ]; then rmdir "$cache" 2>/dev/null; fi
  case $wanted in
    '~'|'~/'*) wanted=\${HOME-}\${wanted#'~'} ;;
  esac
  if [ -n "$wanted" ] && directory=$(real "$wanted") && [ -f "\${directory%/}/escp" ]; then
    check "$directory"
    out=$(rm -f "\${directory%/}/escp" 2>&1) || fail remove "$out"
    report removed "\${directory%/}/escp"
  fi
  report done
  exit 0
}
main
`;
