/** Options that may differ from one host to the next, as a configuration file has entries for some. */

import { choosePorts, type PortRange } from "../../config/port_range.ts";
import { UsageError } from "../../errors.ts";
import { createFilter, type FilterRule } from "../../files/walk/filter.ts";
import { parseCongestion } from "../../native/net/congestion.ts";
import type { Dummy } from "../../protocol/control/job.ts";
import { type DataAddress, parseDataAddress } from "../../ssh/data_address.ts";
import type { Reach, TunnelMode } from "../../ssh/reach.ts";
import type { SshOptions } from "../../ssh/ssh_command.ts";
import type { RawFlags } from "./flags.ts";
import type { CompleteFlags } from "./settings.ts";

export type CipherName = "aes-128-gcm" | "aes-256-gcm";
export type EngineChoice = "auto" | "portable" | "native";
export type Bootstrap = "auto" | "never" | "always";

/** How a host is reached, and where escp is on it. */
export interface HostAccess {
  readonly remotePath: string;
  /** Where the data goes, instead of to the address that the host tells. */
  readonly dataAddress?: DataAddress;
  /** Whether the data goes through ssh. */
  readonly tunnel: TunnelMode;
  /** The host is to connect to this one, at one of these ports. */
  readonly reverse?: Reach["reverse"];
  /** Whether escp may be put there: "auto" asks first, where there is somebody to ask. */
  readonly bootstrap: Bootstrap;
  /** The directory there that it is put into; undefined: one in the user's cache directory. */
  readonly installDir?: string;
  /** A directory here with executables for other systems. */
  readonly binaries?: string;
  readonly ssh: SshOptions;
}

/** What may differ from one host to the next, as a configuration file has entries for some. */
export interface HostOptions extends HostAccess {
  readonly engine: EngineChoice;
  /** Threads that carry streams besides the main one; undefined: as many as are good for this machine. */
  readonly threads?: number;
  /** How many -v. */
  readonly verbose: number;
  /** Ports that the data is to come to: on the other side, unless `reverse` is set. */
  readonly ports?: PortRange;
  /** Connections that carry the data: 1 to 64; undefined: as many as the way is worth. */
  readonly streams?: number;
  readonly cipher: CipherName;
  readonly recursive: boolean;
  readonly preserve: boolean;
  readonly symlinks: "follow" | "preserve" | "skip";
  readonly hardlinks: boolean;
  readonly xattrs: boolean;
  readonly acls: boolean;
  /** Holes of files stay holes. */
  readonly sparse: boolean;
  /** Everything is on stable storage before success is reported. */
  readonly fsync: boolean;
  /** What is written is read again and compared. */
  readonly verify: boolean;
  /** Ends that work with dummies instead of files. */
  readonly dummy?: Dummy;
  /** Large files may bypass the page cache of whoever writes them. */
  readonly direct: boolean;
  /** Only what is not there yet: told by size and time, or by contents. */
  readonly update?: "times" | "contents";
  /** Go on where an interrupted copy has stopped. */
  readonly resume: boolean;
  /** Sessions that may follow one that is lost. */
  readonly retries: number;
  /** Most bytes a second; 0: as fast as it goes. */
  readonly bytesPerSecond: number;
  /** Congestion control of whoever sends. */
  readonly congestion?: string;
  /** Compress what is worth it. */
  readonly compress: boolean;
  /** Bytes of a block of a large file; undefined: BLOCK_BYTES. */
  readonly blockBytes?: number;
  /** Silence of the other side that ends a connection, in milliseconds. */
  readonly timeoutMs: number;
  /** Which paths below the sources are wanted, in the order given. */
  readonly filters: readonly FilterRule[];
  /** A log file of the other side, as that names it. */
  readonly remoteLog?: string;
  /** How the host of the sources is reached, where that is not the same for all. */
  readonly originAccess?: HostAccess;
}

/** @throws {UsageError} for what cannot be used, before anything is opened. */
export function hostOptions(flags: CompleteFlags): HostOptions {
  const archive = flags.archive ?? false;
  const filters = flags.rules ?? [];
  createFilter(filters);
  return {
    ...accessOf(flags),
    ports: portsOf(flags),
    streams: flags.streams,
    cipher: flags.cipher,
    engine: flags.engine,
    threads: flags.threads,
    recursive: flags.recursive ?? archive,
    // An access control list says more of the same as the mode, and each changes the other.
    preserve: flags.preserve ?? (archive || (flags.acls ?? false)),
    symlinks: flags.symlinks ?? (archive ? "preserve" : "follow"),
    hardlinks: flags.hardlinks ?? archive,
    xattrs: flags.xattrs ?? false,
    acls: flags.acls ?? false,
    sparse: flags.sparse ?? archive,
    fsync: flags.fsync ?? false,
    verify: flags.verify ?? false,
    dummy: dummyOf(flags.ioengine),
    direct: !(flags.nodirect ?? false),
    update: flags.checksum ? "contents" : flags.update ? "times" : undefined,
    resume: !flags["no-resume"],
    retries: flags.retries,
    // Kbit/s, as scp has it.
    bytesPerSecond: Math.ceil((flags.limit ?? 0) * 1000 / 8),
    congestion: flags.congestion === undefined ? undefined : parseCongestion(flags.congestion),
    compress: flags.compress ?? false,
    blockBytes: flags.blocksize,
    timeoutMs: flags.timeout * 1000,
    filters,
    remoteLog: flags["remote-log"],
    verbose: flags.verbose ?? 0,
  };
}

/** @throws {UsageError} when the port is not in the range. */
export function portsOf(flags: RawFlags): PortRange | undefined {
  return choosePorts(flags["escp-port"], flags["escp-portrange"], 'Option "--escp-portrange"');
}

/** EScp's `tx::rx`; one name is for both. */
export function dummyOf(names: RawFlags["ioengine"]): Dummy | undefined {
  const [sender, receiver = sender] = names?.split("::") ?? [];
  if (sender === "dummy") return receiver === "dummy" ? "both" : "sender";
  return receiver === "dummy" ? "receiver" : undefined;
}

export function accessOf(flags: CompleteFlags): HostAccess {
  const address = flags["data-address"];
  return {
    remotePath: flags["remote-path"],
    ...(address !== undefined && { dataAddress: parseDataAddress(address) }),
    tunnel: flags.tunnel,
    reverse: flags.reverse ? { ports: portsOf(flags) } : undefined,
    bootstrap: flags.bootstrap,
    installDir: flags["install-dir"],
    binaries: flags.binaries,
    ssh: sshOptions(flags),
  };
}

function sshOptions(flags: CompleteFlags): SshOptions {
  if (flags.ipv4 && flags.ipv6) throw new UsageError('Options "-4" and "-6" exclude each other');
  return {
    program: flags.ssh,
    port: flags.port,
    identities: flags.identity ?? [],
    configFile: flags["ssh-config"],
    jump: flags.jump,
    options: flags["ssh-option"] ?? [],
    cipher: flags["ssh-cipher"],
    addressFamily: flags.ipv4 ? "ipv4" : flags.ipv6 ? "ipv6" : undefined,
    batch: flags.batch ?? false,
    forwardAgent: flags["forward-agent"] ?? false,
    quiet: flags.quiet ?? false,
    // The first -v is about escp: the sixty lines that ssh -v prints would bury what it says.
    verbose: Math.max(0, (flags.verbose ?? 0) - 1),
  };
}
