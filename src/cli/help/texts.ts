/** The texts that `--help`, the manual page and src/cli/MANUAL.md have in common. */

import { EXIT_STATUS } from "../exit_status.ts";
import { FLAGS } from "../options/flags.ts";

/** Synopsis of escp, in one line. */
export const USAGE = "escp [options] SOURCE... TARGET";

/** Description of escp in one line. */
export const SUMMARY = "copy files between machines over ssh, fast";

/** The introduction of the short help. */
export const INTRODUCTION = `\
escp copies files between machines like scp, at the speed of disks and network.
A SOURCE or TARGET is a local path, or [user@]host:[path] on a remote host.
`;

/** Paragraphs of the complete introduction. */
export const DESCRIPTION: readonly string[] = [
  "escp copies files between machines the way scp does, at the speed of the disks and the network. ssh logs in and " +
  "starts escp on the remote host. The data travels over several TCP connections, encrypted with AES-GCM under keys " +
  "that only the ssh connection has carried. A copy on one machine needs no ssh.",
  "A SOURCE or TARGET is a path on this machine, or [user@]host:[path] or scp://[user@]host[:port][/path] on a remote " +
  "host. escps://[name@]host[:port]/path is on a host that runs escp --serve, without ssh. A relative path on a remote " +
  "host starts in the home directory. Write a local name that contains a colon as ./12:30.log, " +
  "and a name that begins with a dash as ./-name.",
  "If TARGET is a directory, the sources are copied into it under their own names. Otherwise there is one source, and " +
  "TARGET is its new name.",
  "Options can also be set in /etc/escp.conf, in ~/.config/escp/config.yaml and in ESCP_OPTIONS. --no-NAME clears a " +
  "switch that was set there, such as --no-preserve.",
];

/** Commands with their meaning. */
export const EXAMPLES: readonly (readonly [command: string, meaning: string])[] = [
  ["escp big.iso backup:/data/", "Copy a file into a remote directory"],
  ["escp -r results/ user@host:runs/", "Copy a directory with its contents"],
  ["escp host:/var/log/app.log .", "Copy a remote file to this machine"],
  ["escp -r -u project host:", "Copy only changed files"],
  ["escp -J gate -t 8 a.bin b.bin node:", "Use a jump host and 8 connections"],
  ["escp x.bin '[2001:db8::7]:/tmp/'", "Copy to an IPv6 address"],
  ["escp --doctor web1:/data", "Check the connection, measure its speed"],
  ["escp --clean -n", "List leftovers of abandoned copies"],
];

/** Every exit status; the first sentence is enough for a short list. */
export const EXIT_MEANINGS: readonly (readonly [status: number, meaning: string])[] = [
  [EXIT_STATUS.ok, "Everything was copied. Both ends agree on the number of files and bytes."],
  [
    EXIT_STATUS.failed,
    "Something was not copied. Failures are on stderr; unless the whole copy ended or stopped early, all other files " +
    "are in place.",
  ],
  [EXIT_STATUS.usage, "The command line or a configuration file is invalid. Nothing was started."],
  [EXIT_STATUS.interrupted, "Interrupted by Ctrl-C or by a signal that asks to stop."],
  [EXIT_STATUS.closed, "The reader of standard output has exited, as head does. No message is printed."],
  [EXIT_STATUS.start, "ssh failed, or escp did not start on the remote host. The message states the reason."],
];

/** Exit statuses of the runtime, which ends escp before it can print a message of its own. */
export const RUNTIME_MEANINGS: readonly (readonly [status: number, meaning: string])[] = [
  [
    101,
    "The runtime did not start: an argument is not UTF-8, or the current directory was removed. It prints a backtrace.",
  ],
  [134, "The runtime aborted because of a bug. It prints a backtrace."],
];

/** Environment variables, those of single options included. */
export const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ["ESCP_OPTIONS", "Options that precede those of the command line, split into words as a shell does."],
  ...FLAGS.filter((flag) => flag.env !== undefined).map((flag) =>
    [flag.env!, `Value of --${flag.name} if that option is absent.`] as const
  ),
  [
    "ESCP_LIBCRYPTO",
    "Absolute path of the libcrypto (OpenSSL 1.1 or later) for the native engine. Default: that of the system. Each " +
    "end reads its own.",
  ],
  ["ESCP_ONCE_KEY", "Key of a one-time URL that ends in #k=, or that URL with its key. Not passed to other programs."],
  ["XDG_CONFIG_HOME", "Base directory of the user's configuration file. Default: ~/.config."],
  ["XDG_STATE_HOME", "Base directory of the records that resume interrupted copies. Default: ~/.local/state."],
  ["XDG_CACHE_HOME", "Base directory of installed executables. Default: ~/.cache."],
  ["TERM", "With the value dumb, no progress line is drawn."],
];

/** Files that escp reads or writes besides sources and targets. */
export const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ["/etc/escp.conf", "Configuration of this machine, in YAML, for its users and for sessions that other hosts start."],
  [
    "~/.config/escp/config.yaml",
    "Configuration of the user, read after /etc/escp.conf. It cannot loosen the limits that /etc/escp.conf sets.",
  ],
  ["~/.config/escp/known_servers", "Servers of escps:// that the user trusts, with the digests of their certificates."],
  ["~/.config/escp/authorized_keys", "Public keys of the clients of --serve."],
  [
    "~/.config/escp/server_identity",
    "Key and certificate of --serve, made at its first start. Open to its owner alone.",
  ],
  ["~/.local/state/escp/", "Records of unfinished copies, on the receiving host. Open to their owner alone."],
  ["~/.cache/escp/VERSION/escp", "The executable that escp has installed on this host. It may be removed."],
  [
    "~/.cache/escp/hosts/",
    "Paths of the executables that escp has installed on remote hosts. The directory may be removed.",
  ],
  [
    ".escp-*.part",
    "Partial and temporary files beside their targets. The same command resumes them, and --clean removes them.",
  ],
];
