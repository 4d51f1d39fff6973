/**
 * Functions of shell scripts for remote hosts that find programs which no other user could have placed. Each is one line
 * without a single quote, backslash or exclamation mark, so that a script with them can be quoted for csh and fish.
 *
 * - `real PATH` prints the path of a directory without symbolic links, and fails if it cannot be entered.
 * - `find_user` sets `user` to the id of the user, and `home` to the real home directory, or to "" if there is none.
 * - `find_cache` sets `cache` to the real cache directory of escp, or to "" if there is none.
 * - `closed PATH` fails unless the file belongs to this user or root, and no other user may write to it.
 * - `closed_above PATH` fails unless this holds for a directory and each directory above it, up to the home directory or
 *   the root. Sets `at` to the last directory that it has checked, without a trailing slash. The path must be real.
 */
export const SHELL_CHECKS: readonly string[] = [
  'real() { CDPATH= cd -P "$1/" 2>/dev/null && pwd -P; }',
  'find_user() { user=$(id -u); home=$(real "${HOME:-/}") || home=; }',
  "find_cache() { base=${XDG_CACHE_HOME-}; case $base in /*) ;; *) base=${HOME:+$HOME/.cache} ;; esac" +
  '; cache=$(real "${base:-/dev/null}/escp") || cache=; }',
  'closed() { set -- "$1" $(ls -ldn "$1" 2>/dev/null); case $2 in ""|?????w*|????????w*) return 1 ;; esac' +
  '; [ "$4" = 0 ] || [ "$4" = "$user" ]; }',
  'closed_above() { at=${1%/}; while closed "$at/."; do case $at in ""|"$home") return 0 ;; esac' +
  "; at=${at%/*}; done; return 1; }",
];
