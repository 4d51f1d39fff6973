/** The script for a POSIX shell that puts an executable onto a host. It comes in on the standard input of `sh`, so that
 * no other shell, such as csh or fish as the login shell, has to understand any of it. */

import { quoteWord } from "../ssh/remote_command.ts";

/** What every line of its own begins with; all else is the noise of a login. */
export const SCRIPT_MARK = "escp-install ";

/** What is put where. */
export interface InstallTarget {
  version: string;
  /** The folder, as the host names it; "~/" is its home. Undefined: a private one below the user's cache folder. */
  folder?: string;
}

/**
 * The script. It says what it finds, one fact a line, then `ready`, and reads one line:
 * `install BYTES SHA256 gzip|plain`, or else it ends. It says `send`, takes the contents until its input ends, and says
 * `done PATH`. Instead of each of these it may say `failed STEP TEXT`, the last line then.
 *
 * @param name of the file while it is not complete, in that folder.
 */
export function installScript({ version, folder = "" }: InstallTarget, name: string): string {
  return [`version=${quoteWord(version)}`, `wanted=${quoteWord(folder)}`, `name=${quoteWord(name)}`, BODY].join("\n");
}

// As one function that ends the shell, so that it is read whole before it begins: what follows on stdin is data.
const BODY = `
say() { printf '${SCRIPT_MARK}%s\\n' "$*"; }
fail() { step=$1; shift; say failed "$step" "$(printf '%s' "$*" | tr '\\n' ' ' | cut -c1-500)"; exit 0; }
sum() { $hash <"$1" 2>/dev/null | sed 's/.*\\([0-9a-f]\\{64\\}\\).*/\\1/'; }
closed() {
  set -- "$1" $(ls -ldn "$1/." 2>/dev/null)
  case $2 in ????????w*) return 1 ;; esac
  [ -z "$private" ] && return 0
  case $2 in ?????w*) return 1 ;; esac
  [ "$4" = "$(id -u)" ]
}
check() {
  closed "$folder" || fail loose "$folder"
  if [ -n "$private" ]; then closed "$private" || fail loose "$private"; fi
}
main() {
  LC_ALL=C; export LC_ALL
  set -f
  say system "$(uname -s 2>/dev/null)" "$(uname -m 2>/dev/null)"
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=$(ldd --version 2>&1 </dev/null | tr '\\n' ' ' | cut -c1-200)
  say libc "$libc"
  if command -v gzip >/dev/null 2>&1; then say gzip; fi
  hash=
  for tool in sha256sum 'shasum -a 256' 'openssl dgst -sha256'; do
    case $($tool </dev/null 2>/dev/null) in
      *e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855*) hash=$tool; break ;;
    esac
  done
  private= umask=077 mode=700
  case $wanted in
    '')
      base=\${XDG_CACHE_HOME-}
      case $base in
        /*) ;;
        *)
          if [ -z "\${HOME-}" ]; then fail homeless; fi
          base=$HOME/.cache ;;
      esac
      private=$base/escp folder=$base/escp/$version ;;
    '~'|'~/'*)
      if [ -z "\${HOME-}" ]; then fail homeless; fi
      folder=$HOME\${wanted#'~'} umask=022 mode=755 ;;
    /*) folder=$wanted umask=022 mode=755 ;;
    *) folder=$PWD/$wanted umask=022 mode=755 ;;
  esac
  final=$folder/escp
  if [ -d "$final" ]; then fail write "$final is a folder"; fi
  say folder "$folder"
  if [ -d "$folder" ]; then
    check
    if [ -f "$final" ] && [ -x "$final" ]; then
      if [ -n "$hash" ]; then found=$(sum "$final"); else found=-; fi
      say has "\${found:--}" "$("$final" --version 2>/dev/null </dev/null | head -n 1 | cut -c1-100)"
    fi
  fi
  say ready
  read -r verb bytes expected coding || exit 0
  if [ "$verb" != install ]; then exit 0; fi
  umask $umask
  said=$(mkdir -p "$folder" 2>&1) || fail make "$said"
  check
  unfinished=$folder/$name
  trap 'rm -f "$unfinished"' EXIT
  trap 'exit 1' HUP INT PIPE TERM
  said=$( (set -C; : >"$unfinished") 2>&1 ) || fail write "$said"
  say send
  case $coding in
    gzip) said=$( { gzip -dc >"$unfinished"; } 2>&1 ) ;;
    *) said=$( { cat >"$unfinished"; } 2>&1 ) ;;
  esac || fail write "$said"
  size=$(wc -c <"$unfinished")
  if [ "$((size))" -ne "$bytes" ]; then fail changed "$((size)) bytes instead of $bytes"; fi
  if [ -n "$hash" ] && [ "$(sum "$unfinished")" != "$expected" ]; then fail changed 'another SHA-256'; fi
  said=$(chmod $mode "$unfinished" 2>&1) || fail write "$said"
  said=$("$unfinished" --version 2>&1 </dev/null)
  status=$?
  case $said in
    "escp $version"*) ;;
    *) fail run "$status" "$said" ;;
  esac
  said=$(mv -f "$unfinished" "$final" 2>&1 </dev/null) || fail write "$said"
  say done "$final"
  exit 0
}
main
`;
