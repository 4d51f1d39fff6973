/**
 * The options as data. Parsing, `--help`, the manual page and the completions are all made from this table: adding an
 * option is adding a row here, and reading it in `options.ts`.
 */

import type { FilterRule } from "../files/filter.ts";
import type { Flag } from "./flag.ts";

/** Every option there is, in the order of `--help`. */
export const FLAGS = [
  { name: "recursive", short: "r", kind: "boolean", section: "Copying", help: "Copy folders with everything in them" },
  {
    name: "preserve",
    short: "p",
    kind: "boolean",
    section: "Copying",
    help: "Keep modification times and permission bits",
  },
  {
    name: "archive",
    short: "a",
    kind: "boolean",
    section: "Copying",
    help: "As -r -p --symlinks=preserve --hardlinks --sparse",
  },
  {
    name: "symlinks",
    kind: "string",
    argument: "HOW",
    choices: ["follow", "preserve", "skip"],
    section: "Copying",
    help: "What to do about symbolic links; without -a they are followed",
  },
  {
    name: "hardlinks",
    kind: "boolean",
    section: "Copying",
    help: "Copy a file with several names once, and link the others to it",
  },
  {
    name: "xattrs",
    kind: "boolean",
    section: "Copying",
    help: "Keep extended attributes; on Linux",
  },
  {
    name: "acls",
    kind: "boolean",
    section: "Copying",
    help: "As -p, and keep access control lists; on Linux",
  },
  {
    name: "sparse",
    kind: "boolean",
    section: "Copying",
    help: "Keep holes of files, and make holes where 4 KiB or more are zeros",
  },
  {
    name: "include",
    kind: "list",
    argument: "GLOB",
    rule: { action: "include", kind: "glob" },
    section: "Copying",
    help: "Copy what matches; of all such rules the first that matches decides",
  },
  {
    name: "exclude",
    kind: "list",
    argument: "GLOB",
    rule: { action: "exclude", kind: "glob" },
    section: "Copying",
    help: "Leave out what matches",
  },
  {
    name: "include-regex",
    kind: "list",
    argument: "REGEX",
    rule: { action: "include", kind: "regex" },
    section: "Copying",
    help: "As --include, with a regular expression",
  },
  {
    name: "exclude-regex",
    kind: "list",
    argument: "REGEX",
    rule: { action: "exclude", kind: "regex" },
    section: "Copying",
    help: "As --exclude, with a regular expression",
  },
  {
    name: "filelist",
    kind: "string",
    argument: "FILE",
    section: "Copying",
    help: "Copy what a list names, one a line; a .yaml file may give targets too; - is standard input",
  },
  {
    name: "null",
    short: "0",
    kind: "boolean",
    section: "Copying",
    help: "The names in the list end with NUL, as those of find -print0 do",
  },
  {
    name: "streams",
    short: "t",
    aliases: ["parallel"],
    kind: "number",
    argument: "N",
    min: 1,
    max: 64,
    default: 4,
    section: "Speed",
    help: "Connections that carry the data",
  },
  {
    name: "threads",
    kind: "number",
    argument: "N",
    min: 0,
    max: 64,
    env: "ESCP_THREADS",
    section: "Speed",
    help: "Threads for the connections; without it as many as this machine has cores to spare",
  },
  {
    name: "limit",
    short: "l",
    kind: "number",
    argument: "KBITS",
    min: 1,
    max: 1_000_000_000,
    section: "Speed",
    help: "Most kilobits a second, over all connections",
  },
  {
    name: "compress",
    short: "C",
    kind: "boolean",
    section: "Speed",
    help: "Compress the data, where that makes it smaller",
  },
  {
    name: "blocksize",
    kind: "size",
    argument: "BYTES",
    min: 64 << 10,
    max: 16 << 20,
    section: "Speed",
    help: "Bytes of a large file that are read, sealed and written at a time; without it 1M, or what suits the engine",
  },
  {
    name: "nochecksum",
    kind: "boolean",
    section: "Speed",
    help: "Accepted and without effect: checksums stay on, as they cost next to nothing",
  },
  {
    name: "cipher",
    kind: "string",
    argument: "NAME",
    choices: ["aes-128-gcm", "aes-256-gcm"],
    default: "aes-128-gcm",
    section: "Speed",
    hint: "The cipher of the ssh connection is chosen with -c",
    help: "How the data is encrypted",
  },
  {
    name: "engine",
    kind: "string",
    argument: "NAME",
    choices: ["auto", "portable", "native"],
    default: "auto",
    env: "ESCP_ENGINE",
    section: "Speed",
    help: "Use libraries of the system, or none",
  },
  { name: "quiet", short: "q", kind: "boolean", section: "Output", help: "Print errors only" },
  {
    name: "log",
    aliases: ["logfile"],
    kind: "string",
    argument: "FILE",
    section: "Output",
    help: "Append what happens to a file",
  },
  { name: "bits", kind: "boolean", section: "Output", help: "Show rates in bits a second" },
  { name: "json", kind: "boolean", section: "Output", help: "Print one JSON object a line on stdout, for programs" },
  {
    name: "verbose",
    short: "v",
    kind: "count",
    section: "Output",
    help: "Say what is done; -vv more, and ssh too; -vvv all",
  },
  {
    name: "port",
    short: "P",
    aliases: ["ssh-port"],
    kind: "number",
    argument: "PORT",
    min: 1,
    max: 65535,
    section: "Reaching the other side",
    help: "Port of the ssh server",
  },
  {
    name: "identity",
    short: "i",
    kind: "list",
    argument: "FILE",
    section: "Reaching the other side",
    help: "Private key for ssh",
  },
  {
    name: "jump",
    short: "J",
    kind: "string",
    argument: "DEST",
    section: "Reaching the other side",
    help: "Go through this host (more: A,B,C)",
  },
  {
    name: "ssh-config",
    short: "F",
    kind: "string",
    argument: "FILE",
    section: "Reaching the other side",
    help: "Configuration file for ssh",
  },
  {
    name: "ssh-option",
    short: "o",
    kind: "list",
    argument: "OPTION",
    section: "Reaching the other side",
    help: "Any ssh option, as -oConnectTimeout=9",
  },
  {
    name: "ssh-cipher",
    short: "c",
    kind: "string",
    argument: "CIPHER",
    section: "Reaching the other side",
    help: "Cipher of the ssh connection",
  },
  {
    name: "ssh",
    short: "S",
    kind: "string",
    argument: "PROGRAM",
    default: "ssh",
    section: "Reaching the other side",
    help: "Run this instead of ssh",
  },
  {
    name: "remote-path",
    short: "D",
    aliases: ["escp"],
    kind: "string",
    argument: "PATH",
    default: "escp",
    section: "Reaching the other side",
    help: "Where escp is on the remote host",
  },
  {
    name: "timeout",
    kind: "number",
    argument: "SECONDS",
    min: 1,
    max: 86_400,
    default: 60,
    section: "Reaching the other side",
    help: "Give up when nothing is heard of the other side for so long",
  },
  {
    name: "batch",
    short: "B",
    kind: "boolean",
    section: "Reaching the other side",
    help: "Never ask for a password or passphrase",
  },
  {
    name: "forward-agent",
    short: "A",
    aliases: ["agent"],
    kind: "boolean",
    section: "Reaching the other side",
    help: "Let the remote host use the ssh agent",
  },
  { name: "ipv4", short: "4", kind: "boolean", section: "Reaching the other side", help: "Use IPv4 only" },
  { name: "ipv6", short: "6", kind: "boolean", section: "Reaching the other side", help: "Use IPv6 only" },
  {
    name: "through-here",
    short: "3",
    kind: "boolean",
    section: "Reaching the other side",
    help: "From one remote host to another: through this one, as it is anyway",
  },
  {
    name: "from-origin",
    short: "R",
    kind: "boolean",
    section: "Reaching the other side",
    help: "From one remote host to another: run escp on the first",
  },
  {
    name: "old-protocol",
    short: "O",
    kind: "boolean",
    section: "Other",
    hidden: true,
    help: "Accepted for scp's sake",
  },
  {
    name: "sftp-protocol",
    short: "s",
    kind: "boolean",
    section: "Other",
    hidden: true,
    help: "Accepted for scp's sake",
  },
  {
    name: "no-name-check",
    short: "T",
    kind: "boolean",
    section: "Other",
    hidden: true,
    help: "Accepted for scp's sake",
  },
  {
    name: "sftp-option",
    short: "X",
    kind: "list",
    argument: "OPTION",
    section: "Other",
    hidden: true,
    help: "Accepted for scp's sake",
  },
  { name: "help", short: "h", kind: "boolean", section: "Other", help: "Print this page" },
  {
    name: "version",
    short: "V",
    kind: "boolean",
    section: "Other",
    help: "Print the version; with -v the engines too",
  },
  {
    name: "completions",
    kind: "string",
    argument: "SHELL",
    choices: ["bash", "zsh", "fish"],
    section: "Other",
    help: "Print the completion script for a shell",
  },
  {
    name: "receiver",
    kind: "boolean",
    section: "Other",
    hidden: true,
    help: "Be the remote end of a session on stdin and stdout",
  },
  {
    name: "local-peer",
    kind: "boolean",
    section: "Other",
    hidden: true,
    help: "With --receiver: the client is on this machine, so only loopback is listened on",
  },
] as const satisfies readonly Flag[];

type Row = typeof FLAGS[number];
type ValueOf<F> = F extends { kind: "boolean" } ? boolean
  : F extends { kind: "number" | "size" | "count" } ? number
  : F extends { kind: "list" } ? string[]
  : F extends { choices: readonly (infer C)[] } ? C
  : string;

/** The values of the options that were given, under their long names. Each is already checked against its row. */
export type RawFlags =
  & { [F in Row as F extends { rule: unknown } ? never : F["name"]]?: ValueOf<F> }
  /** Of all options with a `rule`, in the order given. */
  & { rules?: FilterRule[] };

/** The row with this long name or alias. Underscores stand for dashes. */
export function findLong(name: string): Flag | undefined {
  const wanted = name.replaceAll("_", "-");
  return rows.find((flag) => flag.name === wanted || flag.aliases?.includes(wanted));
}

/** The row with this one-character name. */
export function findShort(char: string): Flag | undefined {
  return rows.find((flag) => flag.short === char);
}

const rows: readonly Flag[] = FLAGS;
