import { completionValue, shownNames } from "./completion_value.ts";
import type { Flag } from "../options/flag.ts";
import { describeFlag } from "../help/describe_flag.ts";

/** The script for fish, 3.1 and later. See complete(1) of fish. */
export function completeFish(flags: readonly Flag[]): string {
  return HEAD + flags.map(line).join("\n") + "\n" + flags.map(topicLine).join("");
}

function line(flag: Flag): string {
  const words = ["complete -c escp"];
  if (flag.short) words.push(`-s ${flag.short}`);
  words.push(`-l ${flag.name}`, ...valueWords(flag), `-d ${quoteFish(describeFlag(flag))}`);
  return words.join(" ");
}

/** `all` after `--help`. */
function topicLine(flag: Flag): string {
  if (!flag.topic) return "";
  const previous = `^(${shownNames(flag).join("|")})\\$`;
  return `complete -c escp -n 'string match -q -r -- "${previous}" (commandline -opc)[-1]' -f -a ${flag.topic}\n`;
}

/** -r: a value is needed; -x: and it is not a file; -F: it may be one. */
function valueWords(flag: Flag): string[] {
  const value = completionValue(flag);
  switch (value?.kind) {
    case undefined:
      return [];
    case "choices":
      return [`-x -a ${quoteFish(value.choices.join(" "))}`];
    case "file":
      return ["-r -F"];
    case "program":
      return [`-x -a '(__fish_complete_command)'`];
    case "host":
      return [`-x -a '(__fish_print_hostnames)'`];
    case "unknown":
      return ["-x"];
  }
}

/** In single quotes fish knows two escapes. */
function quoteFish(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

const HEAD = `\
# Completion of escp for fish, made by "escp --completions fish".

# Hosts beside files, but no files of this machine behind "host:".
complete -c escp -n 'not string match -q -- "*:*" (commandline -ct)' -a '(__fish_print_hostnames):' -d 'Host'
complete -c escp -n 'string match -q -r -- "^[^/]*:" (commandline -ct)' -f

`;
