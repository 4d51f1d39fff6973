import { completionValue, quoteShell, shownNames, topicOf } from "./completion_value.ts";
import type { Flag } from "../options/flag.ts";

/**
 * The script for bash, 3.2 (macOS) and later. Where it leaves COMPREPLY empty readline offers file names itself, quoted as
 * they need to be.
 */
export function completeBash(flags: readonly Flag[]): string {
  const names = flags.flatMap(shownNames);
  return `${HEAD}
  case $previous in
${flags.flatMap(valueCase).join("\n")}
  esac
${TAIL.replace("OPTIONS", () => quoteShell(names.join(" ")))}`;
}

function valueCase(flag: Flag): string[] {
  const value = completionValue(flag) ?? topicOf(flag);
  if (!value) return [];
  const pattern = shownNames(flag).join("|");
  const words = (list: string) => `    ${pattern}) COMPREPLY=($(compgen ${list} -- "$current")); return ;;`;
  switch (value.kind) {
    case "choices":
      return [words(`-W ${quoteShell(value.choices.join(" "))}`)];
    case "program":
      return [words("-c")];
    case "host":
      return [words(`-W "$(_escp_hosts)"`)];
    case "file":
      return [`    ${pattern}) return ;;`];
    case "unknown":
      return [`    ${pattern}) _escp_nothing; return ;;`];
  }
}

const HEAD = `\
# Completion of escp for bash, made by "escp --completions bash".

# Names in the user's ssh_config. compgen -W expands what it is given, so only what is harmless comes through.
_escp_hosts() {
  [ -r ~/.ssh/config ] || return
  sed -n 's/^[[:space:]]*[Hh][Oo][Ss][Tt][[:space:]=]\\{1,\\}//p' ~/.ssh/config |
    tr ' \\t' '\\n\\n' | grep -x '[A-Za-z0-9._-]\\{1,\\}'
}

# Offers nothing, not even files. bash 3.2 has no compopt: there files are offered.
_escp_nothing() {
  compopt +o default +o bashdefault 2>/dev/null
}

_escp() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} word hosts name
  COMPREPLY=()
  # bash takes "--cipher=aes" apart at "=" and "host:path" at ":".
  if [ "$current" = = ]; then
    current=
  elif [ "$previous" = = ] && [ "$COMP_CWORD" -ge 2 ]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi`;

const TAIL = `\
  # A path on another host: not known here.
  if [ "$current" = : ] || [ "$previous" = : ]; then
    _escp_nothing
    return
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [ "$word" = -- ]; then
      return
    fi
  done
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W OPTIONS -- "$current"))
    return
  fi
  hosts=$(compgen -W "$(_escp_hosts)" -S : -- "$current")
  if [ -z "$current" ] || [ -z "$hosts" ]; then
    return
  fi
  COMPREPLY=($hosts)
  while IFS= read -r name; do
    if [ -d "$name" ]; then
      name=$name/
    fi
    COMPREPLY+=("$(printf %q "$name")")
  done < <(compgen -f -- "$current")
  compopt -o nospace 2>/dev/null
}

complete -o bashdefault -o default -F _escp escp
`;
