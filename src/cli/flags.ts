/**
 * The options as data. Parsing, `--help`, the manual page and the completions are all made from this table: adding an
 * option is adding a row here, and reading it in `options.ts`.
 */

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
  : F extends { kind: "number" | "count" } ? number
  : F extends { kind: "list" } ? string[]
  : F extends { choices: readonly (infer C)[] } ? C
  : string;

/** The values of the options that were given, under their long names. Each is already checked against its row. */
export type RawFlags = { [F in Row as F["name"]]?: ValueOf<F> };

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
