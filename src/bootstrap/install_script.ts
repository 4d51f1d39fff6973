/**
 * The POSIX shell script that installs an executable on a host. It is sent to the standard input of `sh`, so that the login
 * shell, such as csh or fish, does not parse it.
 */

import { SHELL_CHECKS } from "../ssh/shell_checks.ts";
import { quoteWord } from "../ssh/shell_quote.ts";

/** Prefix of all lines of the script. Other lines are output of login scripts. */
export const SCRIPT_MARK = "escp-install ";

/** Version to install, and its place. */
export interface InstallTarget {
  version: string;
  /** Directory on the host; "~/" is the home directory. Default: a private one in the user's cache directory. */
  directory?: string;
}

/**
 * Returns the script. It prints facts about the host, one per line, then `ready`, and reads commands:
 * - `version` runs the installed program and prints `version TEXT`. The client sends it only for a trusted program.
 * - `old VERSION` marks an installed version that is removed after success.
 * - `finish` removes the marked versions without installing one, and prints `done PATH`.
 * - `install BYTES SHA256 gzip|plain` prints `send`, reads the contents until the end of input, and prints `done PATH`.
 * - Anything else ends the script.
 *
 * On an error it prints `failed STEP TEXT` and ends.
 *
 * The script refuses a directory in which another user could place a program. The directory and each directory above it, up to
 * the home directory or the root, must belong to this user or root. No other user may write to them.
 *
 * @param name name of the executable in the directory until it is complete.
 */
export function installScript({ version, directory = "" }: InstallTarget, name: string): string {
  const variables = [`version=${quoteWord(version)}`, `wanted=${quoteWord(directory)}`, `name=${quoteWord(name)}`];
  return [...variables, FUNCTIONS, BODY].join("\n");
}

/** Functions of the scripts. */
export const FUNCTIONS = `
${SHELL_CHECKS.join("\n")}
report() { printf '${SCRIPT_MARK}%s\\n' "$*"; }
fail() { step=$1; shift; report failed "$step" "$(printf '%s' "$*" | tr '\\n' ' ' | cut -c1-500)"; exit 0; }
sum() { $hash <"$1" 2>/dev/null | sed 's/.*\\([0-9a-f]\\{64\\}\\).*/\\1/'; }
check() { closed_above "$1" || fail loose "\${at:-/}"; }
versions() {
  if [ -z "$cache" ]; then return 0; fi
  for each in "$cache"/[0-9]*.[0-9]*; do
    if [ -d "$each" ] && [ ! -h "$each" ]; then printf '%s\\n' "\${each##*/}"; fi
  done
}
uninstall() {
  check "$cache/$1"
  out=$(rm -f "$cache/$1/escp" 2>&1) || fail remove "$out"
  rmdir "$cache/$1" 2>/dev/null
  report removed "$1"
}
`;

// One function that exits, so that the shell reads the whole script first: the rest of standard input is data.
const BODY = `
locate() {
  above=$directory below=
  while [ -n "$above" ] && [ ! -d "$above" ]; do
    below=/\${above##*/}$below above=\${above%/*}
  done
  out=$(real "$above") || fail make "$above cannot be entered"
  check "$out"
  directory=\${out%/}$below
  final=$directory/escp
}
remove_old() {
  for each in \${old-}; do
    case $each in
      "$version"|*[!A-Za-z0-9.+-]*|*..*) ;;
      [0-9]*) if [ -f "$cache/$each/escp" ] && closed "$cache/$each/."; then uninstall "$each"; fi ;;
    esac
  done
}
main() {
  LC_ALL=C; export LC_ALL
  set -f
  report system "$(uname -s 2>/dev/null)" "$(uname -m 2>/dev/null)"
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=$(ldd --version 2>&1 </dev/null | tr '\\n' ' ' | cut -c1-200)
  report libc "$libc"
  if command -v gzip >/dev/null 2>&1; then report gzip; fi
  hash=
  for tool in sha256sum 'shasum -a 256' 'openssl dgst -sha256'; do
    case $($tool </dev/null 2>/dev/null) in
      *e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855*) hash=$tool; break ;;
    esac
  done
  find_user
  umask=077 mode=700
  case $wanted in
    '')
      base=\${XDG_CACHE_HOME-}
      case $base in
        /*) ;;
        *)
          if [ -z "\${HOME-}" ]; then fail homeless; fi
          base=$HOME/.cache ;;
      esac
      directory=$base/escp/$version ;;
    '~'|'~/'*)
      if [ -z "\${HOME-}" ]; then fail homeless; fi
      directory=$HOME\${wanted#'~'} umask=022 mode=755 ;;
    /*) directory=$wanted umask=022 mode=755 ;;
    *) directory=$PWD/$wanted umask=022 mode=755 ;;
  esac
  locate
  if [ -d "$final" ]; then fail write "$final is a directory"; fi
  report directory "$directory"
  find_cache
  set +f
  versions | while read -r each; do report version "$each"; done
  set -f
  has=
  if [ -f "$final" ] && [ -x "$final" ] && closed "$final"; then
    has=- ; if [ -n "$hash" ]; then has=$(sum "$final"); fi
    report has "\${has:--}"
  fi
  report ready
  while read -r verb bytes expected coding; do
    case $verb in
      version) report version "$([ -z "$has" ] || "$final" --version 2>/dev/null </dev/null | head -n 1 | cut -c1-100)" ;;
      old) old="\${old-} $bytes" ;;
      finish) remove_old; report done "$final"; exit 0 ;;
      install) break ;;
      *) exit 0 ;;
    esac
  done
  if [ "$verb" != install ]; then exit 0; fi
  umask $umask
  out=$(mkdir -p "$directory" 2>&1) || fail make "$out"
  locate
  unfinished=$directory/$name
  trap 'rm -f "$unfinished"' EXIT
  trap 'exit 1' HUP INT PIPE TERM
  out=$( (set -C; : >"$unfinished") 2>&1 ) || fail write "$out"
  report send
  case $coding in
    gzip) out=$( { gzip -dc >"$unfinished"; } 2>&1 ) ;;
    *) out=$( { cat >"$unfinished"; } 2>&1 ) ;;
  esac || fail write "$out"
  size=$(wc -c <"$unfinished")
  if [ "$((size))" -ne "$bytes" ]; then fail changed "$((size)) bytes instead of $bytes"; fi
  if [ -n "$hash" ] && [ "$(sum "$unfinished")" != "$expected" ]; then fail changed 'another SHA-256'; fi
  out=$(chmod $mode "$unfinished" 2>&1) || fail write "$out"
  out=$("$unfinished" --version 2>&1 </dev/null)
  status=$?
  case $out in
    "escp $version"*) ;;
    *) fail run "$status" "$out" ;;
  esac
  out=$(mv -f "$unfinished" "$final" 2>&1 </dev/null) || fail write "$out"
  remove_old
  report done "$final"
  exit 0
}
main
`;
