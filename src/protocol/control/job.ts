/** The job that a client requests from the remote end in "start". Fields and limits: WIRE_FORMAT.md, "Jobs". */

import { problemOfOwner } from "../data/owners.ts";
import { MAX_OWNER_BYTES, MAX_PATH_TEXT, MAX_ROOTS, MAX_TIMEOUT_MS, MIN_TIMEOUT_MS } from "../limits.ts";
import { asModeChange, MAX_MODE_CHANGES, type ModeChange } from "./mode_changes.ts";
import { parseSelection, type Selection } from "./selection.ts";
import { parseShard, type Shard } from "./shard.ts";
import * as shape from "./shape.ts";

/** A request to the remote end. Optional flags are false by default unless their comments state otherwise. */
export type Job = CopyJob | CleanJob;

/** A request to remove leftovers of abandoned copies. Feature "clean". */
export interface CleanJob {
  direction: "clean";
  /** The directories, as the user typed them. */
  sources: string[];
  /** More sources follow in "wanted" messages. */
  more?: boolean;
  /** An empty text in `sources` means all records of the remote end. Without it, the empty text is the home directory. */
  records?: boolean;
  /** Leftovers with a later change are kept. In milliseconds before the present. */
  olderThanMs: number;
  /** Leftovers are reported, not removed. */
  dryRun?: boolean;
  /** As in `JobOptions`. */
  timeoutMs?: number;
  /** As in `JobOptions`. */
  log?: string;
}

/** A request to copy. In a push the client sends, in a pull the remote end sends. */
export type CopyJob =
  | {
    direction: "push";
    /** The target, as the user typed it. The home directory is "". */
    target: string;
  } & JobOptions
  | {
    direction: "pull";
    /** The sources, as the user typed them. */
    sources: string[];
    /** More sources follow in "wanted" messages. Feature "lists". */
    more?: boolean;
  } & JobOptions;

/** The ends that work without contents of files. */
export type Dummy = "sender" | "receiver" | "both";

/** Names of the backups of replaced files. */
export interface JobBackup {
  /** Is appended to the name of the file: up to MAX_SUFFIX_TEXT characters other than "/" and NUL. */
  suffix: string;
  /** Directory of the backups on the receiver, as the user typed it. Default: the directory of the file. */
  directory?: string;
}

/** User and group on the receiver: a name, or a number in decimal digits. One of them may be missing. */
export interface JobOwner {
  user?: string;
  group?: string;
}

/** Options of a copy in either direction. */
export interface JobOptions {
  recursive: boolean;
  /** Preserve modes and times. */
  preserve: boolean;
  /** Size of a block of a large file, MIN_BLOCK_BYTES to MAX_BLOCK_BYTES. */
  blockBytes: number;
  /** Maximum bytes per second of the sender, over all streams. Default: 0, no limit. */
  bytesPerSecond?: number;
  /** Congestion control of the sender's connections: 1 to 15 letters, digits, "-" or "_". Feature "congestion". */
  congestion?: string;
  /** Silence of the peer that ends a stream or the session, MIN_TIMEOUT_MS to MAX_TIMEOUT_MS. Default: TIMEOUT_MS. */
  timeoutMs?: number;
  /** The sender compresses data that shrinks, with codecs of the receiver. Feature "compress". */
  compress?: boolean;
  /** Skip entries that the target has already, compared by size and time or by contents. Feature "update". */
  update?: "times" | "contents";
  /** Skip files and links whose name exists in the target, with any kind of entry. Feature "existing". */
  skipExisting?: boolean;
  /** Skip entries that do not exist in the target. Feature "existing". */
  onlyExisting?: boolean;
  /** Large files that exist with other contents are sent as changes of them. Default: whole. Feature "delta". */
  delta?: boolean;
  /** The receiver reports the differences of entries, and the sender the changes. Feature "itemize". */
  itemize?: boolean;
  /** Report what would be sent, and write nothing. Feature "update". */
  dryRun?: boolean;
  /** Resume an interrupted copy. */
  resume?: boolean;
  /** Random text of the client. See `host` of the message "sources". */
  salt: string;
  /** Treatment of symbolic links inside the sources. */
  symlinks: "follow" | "preserve" | "skip";
  /** Send a file with several names once. */
  hardlinks: boolean;
  /** Send a file with several names once even if they are below several roots. Feature "link-roots". */
  linkRoots?: boolean;
  /** Preserve extended attributes. Feature "xattrs". */
  xattrs?: boolean;
  /** Preserve access control lists. Feature "xattrs". */
  acls?: boolean;
  /** The receiver writes into existing files instead of replacing them. Feature "inplace". */
  inplace?: boolean;
  /** The receiver creates missing directories above the target. Feature "mkpath". */
  mkpath?: boolean;
  /** The target is the copy of the only source, even if it is an existing directory. Feature "exact". */
  exact?: boolean;
  /** The receiver uses a symbolic link to a directory in the target as that directory. Feature "dirlinks". */
  dirlinks?: boolean;
  /** The receiver keeps the files that it replaces. Feature "backup". */
  backup?: JobBackup;
  /**
   * With `update`: the receiver makes hard links to files of these directories that are the same. 1 to MAX_LINK_DESTS paths as
   * the user typed them, relative to the target directory. Feature "link-dest".
   */
  linkDests?: string[];
  /** Send holes as such, and write pages of zeros as holes. Feature "sparse". */
  sparse?: boolean;
  /** The receiver may bypass its page cache. Default: true. */
  direct?: boolean;
  /** The receiver flushes files and directories before it reports them as finished. Feature "fsync". */
  fsync?: boolean;
  /** Read written files again and compare them. Feature "verify". */
  verify?: boolean;
  /** The client shows the totals, so the sender counts the files of a large tree ahead. */
  countsAhead?: boolean;
  /** Process ID of a client that shares its open files with a receiver on the same machine. Feature "lent". */
  lends?: number;
  /** A dummy sender makes up contents, a dummy receiver discards them. Feature "dummy". */
  dummy?: Dummy;
  /** Measure instead of copying. `target` is a directory on the disk to measure. Feature "probe". */
  probe?: boolean;
  /** The receiver deletes entries of copied directories that the source lacks, unless a filter excludes them. Feature "delete". */
  deletes?: boolean;
  /** The sender removes the files and links whose copies the receiver has confirmed. Feature "remove-sources". */
  removesSources?: boolean;
  /** With `deletes`: excluded entries are deleted too. */
  deletesExcluded?: boolean;
  /** With `deletes`: maximum number of entries to delete. Default: no limit. */
  maxDeletions?: number;
  /**
   * In a pull, the first source is a directory, and the others are the paths below it that are copied: directories alone
   * ("flat") or with their contents ("deep"). Feature "listed".
   */
  listed?: "flat" | "deep";
  /**
   * The paths of sources are kept below the target. Sources that are directories are refused ("flat") or copied ("deep").
   * Feature "relative".
   */
  relative?: "flat" | "deep";
  /** Changes of the modes that the sender sends, in this order. Feature "chmod". */
  chmod?: ModeChange[];
  /** Owner and group are preserved by number, so the sender sends no names. Default: by name. Feature "owners". */
  numericIds?: boolean;
  /** Owner of all copied entries, with `preserve`. Feature "owners". */
  chown?: JobOwner;
  /** Filters of paths. The sender parses them, and with `deletes` the receiver too. */
  filters: unknown[];
  /** Only these files are sent. Feature "select". */
  select?: Selection;
  /** Only this share of the entries is copied, or the copies of all shards are finished. Feature "shard". */
  shard?: Shard;
  /** Log file on the remote host. The remote end appends to it. Feature "remote-log". */
  log?: string;
}

/** TCP_CA_NAME_MAX of Linux, without the NUL. */
const MAX_CONGESTION_TEXT = 15;
const MAX_SALT_TEXT = 64;
const MAX_SUFFIX_TEXT = 255;
const MAX_FILTERS = 1 << 10;
const MAX_LOG_TEXT = 1 << 16;

/** (uid_t) -1, which chown(2) takes for no change. */
const NO_ID = 2 ** 32 - 1;

/** Maximum number of directories to link to, as in rsync. */
export const MAX_LINK_DESTS = 20;

/** Checks a job from the peer. @throws {ProtocolError} code "bad-message". */
export function parseJob(value: unknown): Job {
  const fields = shape.asObject(value, "job");
  const direction = shape.oneOf(fields, "direction", ["push", "pull", "clean"]);
  if (direction === "clean") return parseCleanJob(fields);
  const options: JobOptions = {
    recursive: shape.flag(fields, "recursive"),
    preserve: shape.flag(fields, "preserve"),
    blockBytes: shape.whole(fields, "blockBytes"),
    bytesPerSecond: shape.optional(fields, "bytesPerSecond", shape.whole),
    congestion: shape.optional(fields, "congestion", shape.text, MAX_CONGESTION_TEXT),
    timeoutMs: shape.optional(fields, "timeoutMs", shape.whole, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS),
    compress: shape.optional(fields, "compress", shape.flag),
    update: shape.optional(fields, "update", shape.oneOf<"times" | "contents">, ["times", "contents"]),
    skipExisting: shape.optional(fields, "skipExisting", shape.flag),
    onlyExisting: shape.optional(fields, "onlyExisting", shape.flag),
    delta: shape.optional(fields, "delta", shape.flag),
    dryRun: shape.optional(fields, "dryRun", shape.flag),
    itemize: shape.optional(fields, "itemize", shape.flag),
    resume: shape.optional(fields, "resume", shape.flag),
    salt: shape.text(fields, "salt", MAX_SALT_TEXT),
    symlinks: shape.oneOf(fields, "symlinks", ["follow", "preserve", "skip"]),
    hardlinks: shape.flag(fields, "hardlinks"),
    linkRoots: shape.optional(fields, "linkRoots", shape.flag),
    xattrs: shape.optional(fields, "xattrs", shape.flag),
    acls: shape.optional(fields, "acls", shape.flag),
    inplace: shape.optional(fields, "inplace", shape.flag),
    mkpath: shape.optional(fields, "mkpath", shape.flag),
    exact: shape.optional(fields, "exact", shape.flag),
    countsAhead: shape.optional(fields, "countsAhead", shape.flag),
    dirlinks: shape.optional(fields, "dirlinks", shape.flag),
    backup: shape.optional(fields, "backup", parseBackup),
    linkDests: shape.optional(fields, "linkDests", shape.list<string>, MAX_LINK_DESTS, shape.asText),
    sparse: shape.optional(fields, "sparse", shape.flag),
    direct: shape.optional(fields, "direct", shape.flag),
    fsync: shape.optional(fields, "fsync", shape.flag),
    verify: shape.optional(fields, "verify", shape.flag),
    dummy: shape.optional(fields, "dummy", shape.oneOf<Dummy>, ["sender", "receiver", "both"]),
    probe: shape.optional(fields, "probe", shape.flag),
    deletes: shape.optional(fields, "deletes", shape.flag),
    removesSources: shape.optional(fields, "removesSources", shape.flag),
    deletesExcluded: shape.optional(fields, "deletesExcluded", shape.flag),
    maxDeletions: shape.optional(fields, "maxDeletions", shape.whole),
    lends: shape.optional(fields, "lends", shape.whole),
    listed: shape.optional(fields, "listed", shape.oneOf<"flat" | "deep">, ["flat", "deep"]),
    relative: shape.optional(fields, "relative", shape.oneOf<"flat" | "deep">, ["flat", "deep"]),
    chmod: shape.optional(fields, "chmod", shape.list<ModeChange>, MAX_MODE_CHANGES, asModeChange),
    numericIds: shape.optional(fields, "numericIds", shape.flag),
    chown: shape.optional(fields, "chown", parseOwner),
    filters: shape.list(fields, "filters", MAX_FILTERS, (filter) => filter),
    select: shape.optional(fields, "select", parseSelection),
    shard: shape.optional(fields, "shard", parseShard),
    log: shape.optional(fields, "log", shape.text, MAX_LOG_TEXT),
  };
  const problem = problemOfRemoval(options);
  if (problem !== undefined) throw shape.badField("removesSources", `absent: ${problem}`);
  if (direction === "push") return { direction, target: shape.text(fields, "target", MAX_PATH_TEXT), ...options };
  return { direction, ...requestedSources(fields), ...options };
}

function parseCleanJob(fields: shape.Fields): CleanJob {
  return {
    direction: "clean",
    ...requestedSources(fields),
    records: shape.optional(fields, "records", shape.flag),
    olderThanMs: shape.whole(fields, "olderThanMs"),
    dryRun: shape.optional(fields, "dryRun", shape.flag),
    timeoutMs: shape.optional(fields, "timeoutMs", shape.whole, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS),
    log: shape.optional(fields, "log", shape.text, MAX_LOG_TEXT),
  };
}

function parseBackup(job: shape.Fields, name: string): JobBackup {
  const fields = shape.asObject(job[name], name);
  const backup: JobBackup = {
    suffix: shape.text(fields, "suffix", MAX_SUFFIX_TEXT),
    directory: shape.optional(fields, "directory", shape.text, MAX_PATH_TEXT),
  };
  const problem = problemOfBackup(backup);
  if (problem !== undefined) throw shape.badField(name, `usable: ${problem}`);
  return backup;
}

function parseOwner(job: shape.Fields, name: string): JobOwner {
  const fields = shape.asObject(job[name], name);
  const owner: JobOwner = {
    user: shape.optional(fields, "user", shape.text, MAX_OWNER_BYTES),
    group: shape.optional(fields, "group", shape.text, MAX_OWNER_BYTES),
  };
  const problem = problemOfJobOwner(owner);
  if (problem !== undefined) throw shape.badField(name, `usable: ${problem}`);
  return owner;
}

/** Returns why copies cannot have this owner; undefined if they can. */
export function problemOfJobOwner({ user, group }: JobOwner): string | undefined {
  if (user === undefined && group === undefined) return "neither a user nor a group is named";
  for (const name of [user, group]) {
    if (name === undefined) continue;
    const problem = problemOfOwner(name);
    if (problem !== undefined) return problem;
    if (/^\d+$/.test(name) && Number(name) >= NO_ID) return "a number is too large";
  }
  return undefined;
}

/** Options that decide whether sources may be removed. */
export type RemovalOptions = Pick<
  JobOptions,
  "removesSources" | "deletes" | "skipExisting" | "onlyExisting" | "dirlinks" | "linkDests" | "dummy" | "fsync"
>;

/** Returns why a job must not remove its sources; undefined if it removes none, or may. */
export function problemOfRemoval(options: RemovalOptions): string | undefined {
  if (!options.removesSources) return undefined;
  if (options.deletes) return "the next run would delete the files that this one moves";
  if (options.skipExisting || options.onlyExisting) return "files that are skipped may have no copy";
  if (options.dirlinks) return "a link could point to the source";
  if (options.linkDests) return "the linked files belong to other copies";
  if (options.dummy) return "nothing is copied";
  return options.fsync ? undefined : "copies that are not flushed can be lost";
}

/** Returns why backups cannot have these names; undefined if they can. */
export function problemOfBackup({ suffix, directory }: JobBackup): string | undefined {
  if (suffix.length > MAX_SUFFIX_TEXT) return `the suffix is longer than ${MAX_SUFFIX_TEXT} characters`;
  if (/[/\0]/.test(suffix)) return 'the suffix contains "/" or NUL';
  if (directory === undefined) return suffix === "" ? "the suffix is empty" : undefined;
  return directory === "" || directory.includes("\0") ? "the directory has no name" : undefined;
}

function requestedSources(fields: shape.Fields): Pick<CleanJob, "sources" | "more"> {
  return {
    sources: shape.list(fields, "sources", MAX_ROOTS, shape.asText),
    more: shape.optional(fields, "more", shape.flag),
  };
}
