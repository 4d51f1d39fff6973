import { findSsh, knowsSessionSettings } from "./find_ssh.ts";
import type { RemoteHost } from "./operand.ts";

/** The user's options for ssh. All other settings come from ssh and its configuration. */
export interface SshOptions {
  /** Program to run, found through PATH: "ssh" unless -S was given. */
  readonly program: string;
  /** 1 to 65535. A port in the operand takes precedence. */
  readonly port?: number;
  readonly identities: readonly string[];
  readonly configFile?: string;
  /** One or more hosts, separated by commas. */
  readonly jump?: string;
  /** As for `ssh -o`: "Key=value" or "Key value". */
  readonly options: readonly string[];
  readonly cipher?: string;
  readonly addressFamily?: "ipv4" | "ipv6";
  /** Never ask for passwords (BatchMode). */
  readonly batch: boolean;
  readonly forwardAgent: boolean;
  readonly quiet: boolean;
  /** Number of -v for ssh, 0 to 3. */
  readonly verbose: number;
}

/** A program and its arguments, for `Deno.Command`. */
export interface SshCommand {
  readonly program: string;
  readonly args: string[];
}

/**
 * Returns the ssh command that runs `remoteCommand` on a host. See ssh(1).
 *
 * @param remoteCommand A quoted line for the remote shell. It becomes the last argument.
 */
export function sshCommand(
  options: SshOptions,
  host: RemoteHost,
  remoteCommand: string,
): SshCommand {
  // After "--", ssh never takes a host name for an option.
  const { program, args } = sshArguments(options, host);
  return { program, args: [...args, "--", host.host, remoteCommand] };
}

/** Returns ssh and its arguments before the host name. */
export function sshArguments(
  options: SshOptions,
  { user, port }: Pick<RemoteHost, "user" | "port">,
): SshCommand {
  const program = findSsh(options.program);
  const args = [...ALWAYS, ...(knowsSessionSettings(program) ? ALWAYS_IF_KNOWN : [])];
  if (options.quiet) args.push("-q");
  for (let count = 0; count < Math.min(options.verbose, 3); count++) args.push("-v");
  if (options.addressFamily) args.push(options.addressFamily === "ipv4" ? "-4" : "-6");
  if (options.batch) args.push("-oBatchMode=yes");
  for (const option of options.options) args.push("-o", option);
  for (const file of options.identities) args.push("-i", file);
  pushPair(args, "-F", options.configFile);
  pushPair(args, "-J", options.jump);
  pushPair(args, "-c", options.cipher);
  // ssh uses the first value of an option, so the user's own -o take precedence over these.
  args.push(options.forwardAgent ? "-A" : "-oForwardAgent=no");
  pushPair(args, "-p", (port ?? options.port)?.toString());
  pushPair(args, "-l", user);
  return { program, args };
}

/**
 * Disables features that would interfere with the protocol, as scp does. ssh uses the first value of a setting, so these take
 * precedence over the user's configuration.
 */
const ALWAYS = [
  "-x",
  "-oPermitLocalCommand=no",
  "-oClearAllForwardings=yes",
  "-oTunnel=no",
  "-oRemoteCommand=none",
  "-oRequestTTY=no",
];

/** Settings by which ssh would close its standard input, run no command or leave the foreground. Since OpenSSH 8.7. */
const ALWAYS_IF_KNOWN = ["-oStdinNull=no", "-oSessionType=default", "-oForkAfterAuthentication=no"];

function pushPair(args: string[], name: string, value: string | undefined): void {
  if (value !== undefined) args.push(name, value);
}
