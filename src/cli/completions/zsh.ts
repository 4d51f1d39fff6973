import { completionValue, quoteShell, shownNames } from "./completion_value.ts";
import type { Flag } from "../options/flag.ts";
import { describeFlag } from "../help/describe_flag.ts";

/** The script for zsh: a function for a directory of the fpath, which may also be sourced. See zshcompsys(1), _arguments. */
export function completeZsh(flags: readonly Flag[]): string {
  return `${HEAD}
${flags.map((flag) => `    ${argumentSpec(flag)} \\`).join("\n")}
${TAIL}`;
}

/** `'(-t --streams)'{-t+,--streams=}'[Connections...]:N:'` */
function argumentSpec(flag: Flag): string {
  const names = shownNames(flag);
  const value = completionValue(flag);
  // A "+" lets a value stand behind its letter or in the next word, a "=" behind the long name likewise.
  const forms = value ? names.map((name) => name + (name.startsWith("--") ? "=" : "+")) : names;
  const repeats = flag.kind === "list" || flag.kind === "count";
  const before = repeats ? "*" : names.length > 1 ? `(${names.join(" ")})` : "";
  const topic = flag.topic ? `::topic:(${flag.topic})` : "";
  const action = value ? `:${flag.argument}:${actionOf(flag)}` : topic;
  const after = `[${escapeSpec(describeFlag(flag))}]${action}`;
  if (forms.length === 1) return quoteShell(before + forms[0] + after);
  return `${before ? quoteShell(before) : ""}{${forms.join(",")}}${quoteShell(after)}`;
}

function actionOf(flag: Flag): string {
  const value = completionValue(flag);
  switch (value?.kind) {
    case "choices":
      return `(${value.choices.join(" ").replaceAll(":", "\\:")})`;
    case "file":
      return "_files";
    case "program":
      return "_command_names -e";
    case "host":
      return "_ssh_hosts";
    default:
      // One space: a value is wanted, and nothing is offered.
      return " ";
  }
}

function escapeSpec(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

const HEAD = `\
#compdef escp
# Completion of escp for zsh, made by "escp --completions zsh".

_escp_operand() {
  # A path on another host: not known here.
  if [[ $PREFIX == *:* && \${PREFIX%%:*} != */* ]]; then
    _message "path on the other host"
    return
  fi
  _alternative "files:file:_files" "hosts:host:_ssh_hosts -S :"
}

_escp() {
  _arguments -s -S \\`;

const TAIL = `\
    '*:file:_escp_operand'
}

if [[ $funcstack[1] == _escp ]]; then
  _escp "$@"
else
  compdef _escp escp
fi
`;
