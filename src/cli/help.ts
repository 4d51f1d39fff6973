import { type Flag, SECTIONS } from "./options/flag.ts";
import { formatAge, formatSize, oneOf } from "./options/flag_value.ts";
import { FLAGS } from "./options/flags.ts";

const WIDTH = 80;
/** Where the descriptions begin. */
const COLUMN = 28;

/** How to call escp, in one line. */
export const USAGE = "escp [options] SOURCE... TARGET";

const INTRODUCTION = `\
Usage: ${USAGE}

Copies files between machines the way scp does, at the speed of the disks and
the network: ssh logs in and starts escp on the other side, the data travels
over several encrypted connections of its own.

A SOURCE or TARGET is a path on this machine, or [user@]host:[path] on a remote
host, relative to the home directory there. Write a local name that contains ":"
as ./12:30.log, and one that begins with "-" as ./-name.

Options can also stand in /etc/escp.conf, in ~/.config/escp/config.yaml and in
ESCP_OPTIONS; --no-NAME takes back a switch that was set there.
`;

const EXAMPLES: readonly (readonly [command: string, meaning: string])[] = [
  ["escp big.iso backup:/data/", "a file into a remote directory"],
  ["escp -r results/ user@host:runs/", "a directory and all that is in it"],
  ["escp host:/var/log/app.log .", "a remote file to here"],
  ["escp -t 8 -J gate a.bin b.bin node:", "through a jump host, 8 connections"],
  ["escp --clean -n", "list what abandoned copies have left"],
  ["escp --install web1 web2", "puts escp itself on hosts"],
  ["escp --doctor web1:/data", "what a copy there can expect"],
  ["escp x.bin '[2001:db8::7]:/tmp/'", "an IPv6 address, quoted for the shell"],
];

const EXIT_STATUS = `\
Exit status:
  0    everything was copied
  1    something was not copied; each failure was printed
  2    the command line or a configuration file makes no sense
  130  interrupted
  255  ssh failed, or escp could not be started on the other side
`;

/** The text of `escp --help`, at most 80 columns wide, ending in a newline. */
export function helpText(): string {
  const sections = SECTIONS.map((section) => `${section}:\n${rowsOf(section).map(row).join("")}`);
  return [INTRODUCTION, ...sections, examples(), EXIT_STATUS].join("\n");
}

/** What an option does, with its range, choices, default and environment variable. */
export function describeFlag(flag: Flag): string {
  const facts: string[] = [];
  const shown = (value: string | number) =>
    flag.kind === "size" ? formatSize(Number(value)) : flag.kind === "age" ? formatAge(Number(value)) : value;
  if (flag.choices) facts.push(oneOf(flag.choices));
  if (flag.min !== undefined && flag.max !== undefined) facts.push(`${shown(flag.min)} to ${shown(flag.max)}`);
  if (flag.default !== undefined) facts.push(`default ${shown(flag.default)}`);
  if (flag.env) facts.push(`or set ${flag.env}`);
  if (flag.kind === "list") facts.push("repeatable");
  return facts.length > 0 ? `${flag.help} (${facts.join("; ")})` : flag.help;
}

function rowsOf(section: string): Flag[] {
  const all: readonly Flag[] = FLAGS;
  return all.filter((flag) => flag.section === section && !flag.hidden);
}

function row(flag: Flag): string {
  const short = flag.short ? `-${flag.short}, ` : "    ";
  const left = `  ${short}--${flag.name}${flag.argument ? ` ${flag.argument}` : ""}`;
  const lines = wrap(describeFlag(flag), WIDTH - COLUMN);
  const indent = " ".repeat(COLUMN);
  const fits = left.length <= COLUMN - 2;
  const first = fits ? left.padEnd(COLUMN) + lines.shift() : left;
  return [first, ...lines.map((line) => indent + line)].join("\n") + "\n";
}

/** Breaks between words, so that no line is longer than `width` unless a single word is. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

function examples(): string {
  const width = Math.max(...EXAMPLES.map(([command]) => command.length));
  return "Examples:\n" + EXAMPLES.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}\n`).join("");
}
