/** The manual page escp(1), in man(7), made from the table of options. */

import { EXIT_STATUS } from "../src/cli/exit_status.ts";
import { type Flag, SECTIONS } from "../src/cli/options/flag.ts";
import { FLAGS } from "../src/cli/options/flags.ts";
import { describeFlag } from "../src/cli/help.ts";
import { VERSION } from "../src/cli/version.ts";

/** Every exit status and what it means to a script. */
export const EXIT_MEANINGS: readonly (readonly [status: number, meaning: string])[] = [
  [EXIT_STATUS.ok, "Everything was copied, and both sides count the same files and bytes."],
  [
    EXIT_STATUS.failed,
    "Something was not copied. Each failure is one line on stderr; unless all of it ended, the rest is there.",
  ],
  [EXIT_STATUS.usage, "The command line or a configuration file makes no sense. Nothing was started."],
  [EXIT_STATUS.interrupted, "Interrupted by Ctrl-C, or by a signal that asks to stop."],
  [EXIT_STATUS.start, "ssh failed, or escp could not be started or reached on the other side. The message says which."],
];

const EXAMPLES: readonly (readonly [command: string, meaning: string])[] = [
  ["escp big.iso backup:/data/", "A file into a directory on another machine."],
  [
    "escp -r results/ user@host:runs/",
    "A directory with everything in it, into the directory runs in the home directory there.",
  ],
  ["escp host:/var/log/app.log .", "A file from there to here."],
  ["escp -J gate -t 8 a.bin b.bin node:", "Two files, logging in through a jump host, over 8 connections."],
  ["escp --install web1 web2", "Puts escp itself on two hosts, ahead of the first copy."],
  ["escp big.iso '[2001:db8::7]:/tmp/'", "To an IPv6 address, quoted for the shell."],
];

const FILES: readonly (readonly [path: string, meaning: string])[] = [
  [
    "/etc/escp.conf",
    "What holds on this machine, in YAML: long options as keys, cpumask, nodemask, and hosts for some hosts; for sessions " +
    "from elsewhere root, the directory that they are confined to, and allow, a list of push and pull.",
  ],
  [
    "~/.config/escp/config.yaml",
    "The same for its user, read after it; below $XDG_CONFIG_HOME where that is set. It cannot loosen what the other says of " +
    "sessions from elsewhere.",
  ],
  [
    "~/.cache/escp/VERSION/escp",
    "What escp has put on a remote host that had none that fits, there below $XDG_CACHE_HOME where that is set.",
  ],
  ["~/.cache/escp/hosts/", "On this machine, where that is. It may be removed."],
];

const DESCRIPTION = [
  "escp copies files between machines the way scp(1) is used.",
  "ssh(1) logs in and starts escp on the other side; the data travels over several TCP connections of its own, sealed " +
  "with AES-GCM under keys that only the ssh connection has carried. When both sides are on this machine ssh is not needed.",
  "A source or target is a path on this machine, or [user@]host:[path] or scp://[user@]host[:port][/path] on another, where " +
  'a path that does not begin with "/" starts in the home directory. A local name that holds a ":" is written ./a:b, one ' +
  'that begins with "-" is written ./-name or after --.',
  "As with scp, a target that is a directory takes the sources under their own names; otherwise there is one source, and the " +
  "target is its new name. Sources may be on several hosts; each is a session of its own.",
];

/** The page. `man -l FILE` shows it. */
export function manualPage(): string {
  const all: readonly Flag[] = FLAGS;
  const flags = all.filter((flag) => !flag.hidden);
  return [
    '.\\" Made by "deno task docs" from the table of options.',
    `.TH ESCP 1 "" "escp ${VERSION}" "User Commands"`,
    ".SH NAME",
    "escp \\- copy files between machines over ssh, fast",
    ".SH SYNOPSIS",
    ".B escp\n.RI [ options ]\n\\fIsource\\fR ...\\& \\fItarget\\fR",
    ".SH DESCRIPTION",
    DESCRIPTION.map(escapeRoff).join("\n.PP\n"),
    ".SH OPTIONS",
    escapeRoff("--no-NAME takes back a switch that a file, ESCP_OPTIONS or the line before it has set."),
    ...SECTIONS.flatMap((section) => [
      `.SS ${escapeRoff(section)}`,
      ...flags.filter((flag) => flag.section === section).map(option),
    ]),
    ".SH EXIT STATUS",
    ...EXIT_MEANINGS.map(([status, meaning]) => `.TP\n.B ${status}\n${escapeRoff(meaning)}`),
    ".SH ENVIRONMENT",
    ...flags.filter((flag) => flag.env).map((flag) =>
      `.TP\n.B ${flag.env}\nThe value of \\fB${escapeRoff("--" + flag.name)}\\fR where it is not given.`
    ),
    ".TP\n.B ESCP_OPTIONS\nOptions that go before those of the command line, in words as a shell divides them.",
    ".SH FILES",
    ...FILES.map(([path, meaning]) => `.TP\n.I ${escapeRoff(path)}\n${escapeRoff(meaning)}`),
    ".SH EXAMPLES",
    ...EXAMPLES.map(([command, meaning]) =>
      `.PP\n${escapeRoff(meaning)}\n.PP\n.RS\n.EX\n${escapeRoff(command)}\n.EE\n.RE`
    ),
    ".SH SEE ALSO",
    ".BR ssh (1),\n.BR scp (1),\n.BR ssh_config (5),\n.BR rsync (1)",
  ].join("\n") + "\n";
}

function option(flag: Flag): string {
  const value = flag.argument ? ` \\fI${escapeRoff(flag.argument)}\\fR` : "";
  const names = [flag.short && `-${flag.short}`, `--${flag.name}`].filter((name) => name !== undefined);
  const shown = names.map((name) => `\\fB${escapeRoff(name)}\\fR`).join(", ");
  return `.TP\n${shown}${value}\n${escapeRoff(describeFlag(flag))}.`;
}

/** Text as it is: a "-" that can be copied into a shell, and no line that roff takes for a request. */
function escapeRoff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replace(/^\./gm, "\\&.");
}
