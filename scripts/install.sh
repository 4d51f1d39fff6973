#!/bin/sh
# Installs the executable of escp for this system.
#
#   sh install.sh [URL]
#
# URL is that of a directory with a release: SHA256SUMS and the archives. Default: $ESCP_URL.
# ESCP_DIR is the directory to install into. Default: ~/.local/bin.
set -eu

fail() { # MESSAGE [HINT]
  echo "install.sh: $1" >&2
  [ -z "${2:-}" ] || echo "hint: $2" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

fetch() { # URL FILE
  if has curl; then
    curl --fail --silent --show-error --location --output "$2" "$1"
  elif has wget; then
    wget -q -O "$2" "$1"
  else
    fail "Cannot download: there is neither curl nor wget" "Install one of them"
  fi || fail "Cannot download $1"
}

sha256() { # FILE
  if has sha256sum; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

check_libc() {
  # musl's ldd prints its name and fails.
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=$(ldd --version 2>&1 </dev/null) || :
  case $libc in
    *glibc* | *GLIBC* | *"GNU libc"*) return ;;
    *musl*) reason="its C library is musl, as on Alpine" ;;
    *) reason="its C library is unknown" ;;
  esac
  fail "Cannot install on this Linux: $reason, and the executable needs glibc 2.27 or later" \
    "Run escp from source with a Deno for this system"
}

system() {
  kernel=$(uname -s) machine=$(uname -m)
  case $kernel in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) fail "Cannot install on $kernel: there is no executable for it" ;;
  esac
  case $machine in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "Cannot install on $kernel for $machine: there is no executable for it" ;;
  esac
  [ "$os" != linux ] || check_libc
  echo "$os-$arch"
}

main() {
  url=${1:-${ESCP_URL:-}}
  [ -n "$url" ] || fail "Cannot download: no URL" "Name the directory of a release: sh install.sh https://HOST/escp"
  url=${url%/}
  directory=${ESCP_DIR:-${HOME:?}/.local/bin}
  system=$(system)

  mkdir -p "$directory" || fail "Cannot create $directory"
  # In the same directory, so that the rename replaces the executable atomically.
  temporary=$(mktemp -d "$directory/.escp-install-XXXXXX") || fail "Cannot write to $directory"
  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 1' HUP INT TERM

  fetch "$url/SHA256SUMS" "$temporary/SHA256SUMS"
  line=$(grep "^[0-9a-f]\{64\} [ *]escp-[^/ ]*-$system\.tar\.gz\$" "$temporary/SHA256SUMS" | tail -n 1)
  [ -n "$line" ] || fail "Cannot install: $url/SHA256SUMS has no archive for $system"
  sum=${line%% *}
  archive=${line#* [ *]}

  fetch "$url/$archive" "$temporary/$archive"
  [ "$(sha256 "$temporary/$archive")" = "$sum" ] ||
    fail "Cannot install $archive: its SHA-256 differs from SHA256SUMS" "Download again, or report this to the site"
  name=${archive%.tar.gz}
  tar -xzf "$temporary/$archive" -C "$temporary" "$name/escp" || fail "Cannot extract $archive"
  version=$("$temporary/$name/escp" --version) || fail "Cannot run the executable for $system on this machine"
  mv -f "$temporary/$name/escp" "$directory/escp" || fail "Cannot write $directory/escp"

  echo "Installed $version as $directory/escp"
  case ":$PATH:" in
    *":$directory:"*) ;;
    *) echo "hint: Add $directory to PATH" ;;
  esac
}

# The last line, so that an incomplete download of this script does nothing.
main "$@"
