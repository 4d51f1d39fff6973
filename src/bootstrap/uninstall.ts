/** Removes escp from a host: every version in the user's cache directory, and the programs in other directories. */

import { quoteWord } from "../ssh/shell_quote.ts";
import { FUNCTIONS } from "./install_script.ts";
import { type InstallSessionOptions, withInstallSession } from "./install_session.ts";

/** Options of a removal. */
export interface UninstallOptions extends InstallSessionOptions {
  /** Further directories with a program, as that of --install-dir. "~/" is the home directory. */
  directories: readonly string[];
}

/** Returns the removed versions, and the paths of other removed programs. @throws {StartError} */
export async function uninstall({ directories, ...options }: UninstallOptions): Promise<string[]> {
  return await withInstallSession("remove", options, (session) => session.remove(uninstallScript(directories)));
}

/**
 * Returns the script. It prints `removed VERSION` or `removed PATH` for each program, then `done`, and on an error `failed STEP
 * TEXT`. It removes nothing in a directory that another user may change, because that user could redirect it to other files.
 */
function uninstallScript(directories: readonly string[]): string {
  return [FUNCTIONS, BODY, `main ${directories.map(quoteWord).join(" ")}`, ""].join("\n");
}

const BODY = `
main() {
  LC_ALL=C; export LC_ALL
  find_user
  find_cache
  list=$(versions)
  set -f
  for each in $list; do
    if [ -f "$cache/$each/escp" ]; then uninstall "$each"; fi
  done
  if [ -n "$cache" ]; then rmdir "$cache" 2>/dev/null; fi
  for wanted in "$@"; do
    case $wanted in
      '~'|'~/'*) wanted=\${HOME-}\${wanted#'~'} ;;
    esac
    if directory=$(real "$wanted") && [ -f "\${directory%/}/escp" ]; then
      check "$directory"
      out=$(rm -f "\${directory%/}/escp" 2>&1) || fail remove "$out"
      report removed "\${directory%/}/escp"
    fi
  done
  report done
  exit 0
}
`;
