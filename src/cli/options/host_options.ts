/** Options that may differ between hosts, because a configuration file can have entries for single hosts. */

import type { CipherName } from "../../crypto/cipher.ts";
import type { EngineChoice } from "../../crypto/engines.ts";
import { escapePath, UsageError } from "../../errors.ts";
import { expandTilde } from "../../files/path/tilde.ts";
import { createFilter, type FilterRule, portableRules } from "../../files/walk/filter.ts";
import { parseCongestion } from "../../native/net/congestion.ts";
import {
  type Dummy,
  type JobBackup,
  type JobOwner,
  MAX_LINK_DESTS,
  problemOfBackup,
  problemOfJobOwner,
  problemOfRemoval,
} from "../../protocol/control/job.ts";
import type { Shard } from "../../protocol/control/shard.ts";
import type { Selection } from "../../protocol/control/selection.ts";
import { parseDataAddress } from "../../ssh/data_address.ts";
import type { Reach } from "../../ssh/reach.ts";
import type { SshOptions } from "../../ssh/command.ts";
import type { CopyRequest } from "../../transfer/client/copy_request.ts";
import { VERSION } from "../version.ts";
import type { RawFlags } from "./flags.ts";
import { parseModeChanges } from "./values/chmod.ts";
import { onlyRules } from "./values/only_rules.ts";
import { parsePorts } from "./values/ports.ts";
import { readRules } from "./values/rule_file.ts";
import type { CompleteFlags } from "./settings.ts";
import { parseShardNumber } from "./values/shard.ts";
import { parseTime } from "./values/time.ts";

/** Default of `-D`. With it, escp is searched for on the remote host, and may be installed. */
const DEFAULT_PATH = "escp";

/** Settings to reach a host, and to install escp on it. */
export interface HostAccess extends Omit<Reach, "host"> {
  /** Whether escp may be installed on the host. "auto" asks first if a terminal allows it. */
  readonly bootstrap: "auto" | "never" | "always";
  /** Directory on the host to install escp in. Default: one in the user's cache directory. */
  readonly installDir?: string;
  /** Whether an unknown server of `escps://` is trusted and remembered. */
  readonly acceptNew: boolean;
  /** File of the authorities that sign certificates of servers of `escps://`. Default: servers are known by fingerprints. */
  readonly ca?: string;
  /** Additional local directory with executables for other systems. */
  readonly binaries?: string;
}

/** Options of a session with a host, or of a copy on this machine. */
export interface HostOptions {
  readonly access: HostAccess;
  /** Access to the host of the sources, if both hosts are remote and it has settings of its own. */
  readonly originAccess?: HostAccess;
  readonly engine: EngineChoice;
  /** Number of Workers for streams. Default: depends on the cores of this machine. */
  readonly threads?: number;
  readonly cipher: CipherName;
  /** Number of data connections, 1 to 64. Default: depends on the round-trip time. */
  readonly streams?: number;
  /** Maximum number of sessions after one that was lost. */
  readonly retries: number;
  readonly request: CopyRequest;
  /** The options, which -R forwards to the origin. The rules include those of --only. */
  readonly flags: Omit<CompleteFlags, "rules"> & { readonly rules: FilterRule[] };
}

/** @throws {UsageError} for invalid values and combinations, before anything is opened. */
export function hostOptions(given: CompleteFlags): HostOptions {
  const rules = portableRules([...readRules(given.rules ?? []), ...onlyRules(given.only ?? [])]);
  const flags = { ...given, rules };
  const { engine, threads, cipher, streams, retries } = flags;
  return { access: hostAccess(flags), engine, threads, cipher, streams, retries, request: copyRequest(flags), flags };
}

/** @throws {UsageError} */
export function hostAccess(flags: CompleteFlags): HostAccess {
  const address = flags["data-address"];
  const ports = parsePorts(flags);
  return {
    ssh: sshOptions(flags),
    remotePath: flags["remote-path"],
    search: flags["remote-path"] === DEFAULT_PATH ? VERSION : undefined,
    dataAddress: address === undefined ? undefined : parseDataAddress(address),
    tunnel: flags.tunnel,
    reverse: flags.reverse ? { ports } : undefined,
    ports,
    bootstrap: flags.bootstrap,
    installDir: flags["install-dir"],
    binaries: flags.binaries,
    acceptNew: flags["accept-new"] ?? false,
    ca: flags.ca && expandTilde(flags.ca),
  };
}

function copyRequest(flags: HostOptions["flags"]): CopyRequest {
  const filters = flags.rules;
  createFilter(filters);
  return checkedRemoval({
    // The source of a list is a directory, and operands that keep their paths are below one.
    recursive: flags.recursive || flags["files-from"] !== undefined || (flags.relative ?? false),
    relative: flags.relative ? flags.recursive ? "deep" : "flat" : undefined,
    listed: flags["files-from"] === undefined ? undefined : flags.recursive ? "deep" : "flat",
    preserve: flags.preserve,
    symlinks: flags.symlinks,
    hardlinks: flags.hardlinks,
    inplace: flags.inplace || undefined,
    mkpath: flags.mkpath || undefined,
    exact: flags["no-target-directory"] || undefined,
    dirlinks: flags["keep-dirlinks"] || undefined,
    deletes: flags.delete || undefined,
    deletesExcluded: flags["delete-excluded"] || undefined,
    maxDeletions: flags["max-delete"],
    removesSources: flags["remove-source-files"] || undefined,
    skipExisting: flags["ignore-existing"] || undefined,
    onlyExisting: flags.existing || undefined,
    backup: backupOf(flags),
    linkDests: linkDestsOf(flags),
    sparse: flags.sparse,
    xattrs: flags.xattrs,
    acls: flags.acls,
    // A removed source must not be lost if the target's host crashes.
    fsync: flags.fsync || flags["remove-source-files"],
    verify: flags.verify,
    dryRun: flags["dry-run"],
    itemize: flags["itemize-changes"] || undefined,
    update: flags.checksum ? "contents" : isUpdating(flags) ? "times" : undefined,
    delta: isUpdating(flags) && !flags["whole-file"] || undefined,
    resume: !flags["no-resume"],
    direct: flags.nodirect ? false : undefined,
    dummy: parseDummy(flags.ioengine),
    compress: flags.compress,
    congestion: flags.congestion === undefined ? undefined : parseCongestion(flags.congestion),
    bytesPerSecond: Math.ceil((flags.limit ?? 0) * 1000 / 8),
    blockBytes: flags.blocksize,
    timeoutMs: flags.timeout * 1000,
    filters,
    chmod: flags.chmod && parseModeChanges(flags.chmod, Deno.build.os === "windows" ? 0 : Deno.umask()),
    numericIds: flags["numeric-ids"] || undefined,
    chown: ownerOf(flags),
    select: selectionOf(flags),
    shard: shardOf(flags),
    log: flags["remote-log"],
  }, flags);
}

/** Returns the share of the copy; undefined for all of it. With --checksum files are compared as a whole. */
function shardOf({ shard, "shard-split": split, checksum }: CompleteFlags): Shard | undefined {
  if (shard === undefined) return undefined;
  return { ...parseShardNumber(shard, () => undefined), splitBytes: checksum ? undefined : split || undefined };
}

/** Whether existing files are compared before they are sent. */
function isUpdating(flags: CompleteFlags): boolean {
  return flags.checksum || flags.update || flags["link-dest"] !== undefined;
}

/** Returns the request. @throws {UsageError} if it must not remove its sources. */
function checkedRemoval(request: CopyRequest, flags: CompleteFlags): CopyRequest {
  const problem = problemOfRemoval(request);
  if (problem === undefined) return request;
  const name = REMOVAL_EXCLUDES.find((name) => flags[name]);
  throw new UsageError(`Cannot use "--remove-source-files" with "--${name ?? "ioengine dummy"}": ${problem}`);
}

/** Options that `problemOfRemoval` refuses, in its order. */
const REMOVAL_EXCLUDES = ["delete", "existing", "ignore-existing", "keep-dirlinks", "link-dest"] as const;

/** Returns the selection of files by their properties and by `.gitignore` files; undefined if there is none. @throws {UsageError} */
function selectionOf(flags: CompleteFlags): Selection | undefined {
  const { "min-size": minSize, "max-size": maxSize, "newer-than": newer, "older-than": older } = flags;
  const ignoreFiles = flags["exclude-ignore-files"] || undefined;
  if ([minSize, maxSize, newer, older, ignoreFiles].every((value) => value === undefined)) return undefined;
  const now = Date.now();
  return {
    minSize,
    maxSize,
    fromMs: newer === undefined ? undefined : parseTime(newer, 'Option "--newer-than"', now),
    ignoreFiles,
    beforeMs: older === undefined ? undefined : parseTime(older, 'Option "--older-than"', now),
  };
}

/** Returns the names of backups; undefined if replaced files are not kept. @throws {UsageError} */
function backupOf(flags: CompleteFlags): JobBackup | undefined {
  const directory = flags["backup-dir"];
  if (!flags.backup && flags.suffix === undefined && directory === undefined) return undefined;
  const backup = { suffix: flags.suffix ?? (directory === undefined ? "~" : ""), directory };
  const problem = problemOfBackup(backup);
  if (problem !== undefined) throw new UsageError(`Cannot back up replaced files: ${problem}`);
  return backup;
}

/** Returns the owner of copied entries; undefined for that of the source. @throws {UsageError} */
function ownerOf({ chown }: CompleteFlags): JobOwner | undefined {
  if (chown === undefined) return undefined;
  const [user, group, ...rest] = chown.split(":");
  const owner = { user: user || undefined, group: group || undefined };
  const problem = rest.length > 0 ? "it has more than one colon" : problemOfJobOwner(owner);
  if (problem === undefined) return owner;
  throw new UsageError(`Cannot use the owner "${escapePath(chown)}" of "--chown": ${problem}`, {
    hint: "Write it as USER:GROUP, USER or :GROUP",
  });
}

/** @throws {UsageError} */
function linkDestsOf({ "link-dest": directories }: CompleteFlags): string[] | undefined {
  if (!directories || directories.length === 0) return undefined;
  if (directories.length <= MAX_LINK_DESTS) return [...directories];
  throw new UsageError(`Cannot use more than ${MAX_LINK_DESTS} directories of "--link-dest"`);
}

/** Parses EScp's `SENDER::RECEIVER`. A single name applies to both. */
export function parseDummy(names: RawFlags["ioengine"]): Dummy | undefined {
  const [sender, receiver = sender] = names?.split("::") ?? [];
  if (sender === "dummy") return receiver === "dummy" ? "both" : "sender";
  return receiver === "dummy" ? "receiver" : undefined;
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
    // The first -v is for escp only: ssh -v prints about sixty lines, which would bury the messages of escp.
    verbose: Math.max(0, (flags.verbose ?? 0) - 1),
  };
}
