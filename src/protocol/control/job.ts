/** The job: what a client asks of the remote end, in the message "start". See PROTOCOL.md, "Control channel". */

import { MAX_PATH_TEXT, MAX_ROOTS, MAX_TIMEOUT_MS, MIN_TIMEOUT_MS } from "../limits.ts";
import * as shape from "./shape.ts";

/** What the remote end is to do. */
export type Job = CopyJob | CleanJob;

/** Leftovers of abandoned copies are to be removed. Feature "clean". */
export interface CleanJob {
  direction: "clean";
  /** The directories as the user typed them. */
  sources: string[];
  /** Further ones follow in messages "wanted"; left out: no. */
  more?: boolean;
  /** An empty text in `sources` stands for the records of the remote end, not for the home directory; left out: no. */
  records?: boolean;
  /** What was changed later than so long ago stays. Milliseconds. */
  olderThanMs: number;
  /** Nothing is removed; what would be is only told. */
  dryRun?: boolean;
  /** As in `JobOptions`. */
  timeoutMs?: number;
  /** As in `JobOptions`. */
  log?: string;
}

/** What is to be copied. `push`: the client sends; `pull`: the remote end sends. */
export type CopyJob =
  | {
    direction: "push";
    /** The target as the user typed it; "" is the home directory. */
    target: string;
  } & JobOptions
  | {
    direction: "pull";
    /** The sources as the user typed them. */
    sources: string[];
    /** Further ones follow in messages "wanted"; left out: no. Feature "lists". */
    more?: boolean;
  } & JobOptions;

/** An end, or both, that works without contents of files. */
export type Dummy = "sender" | "receiver" | "both";

/** What holds for either direction. */
export interface JobOptions {
  recursive: boolean;
  /** Keep modes and times. */
  preserve: boolean;
  /** Bytes of a block of a ranged file. */
  blockBytes: number;
  /** Most bytes a second that the sender sends, over all streams; 0, or left out: as fast as it goes. */
  bytesPerSecond?: number;
  /** Congestion control of the sender's connections: 1 to 15 letters, digits, "-" or "_". Feature "congestion". */
  congestion?: string;
  /** Silence of the peer that ends a stream or the session; MIN_TIMEOUT_MS to MAX_TIMEOUT_MS; left out: a minute. */
  timeoutMs?: number;
  /** The sender compresses what is worth it, as far as the receiver can take it; left out: it does not. */
  compress?: boolean;
  /** Only what is not there yet is sent: told by size and time, or by contents. Left out: everything. */
  update?: "times" | "contents";
  /** Nothing is written; what would be sent is only told. */
  dryRun?: boolean;
  /** Go on with what an interrupted copy has left; left out: no. */
  resume?: boolean;
  /** Random text of the client's, for telling whether two hosts are one: see "host" of the message "sources". */
  salt: string;
  /** What the sender does about symbolic links inside the sources. */
  symlinks: "follow" | "preserve" | "skip";
  /** A file with several names is sent once. */
  hardlinks: boolean;
  /** Extended attributes are kept. Left out: no. */
  xattrs?: boolean;
  /** Access control lists are kept. Left out: no. */
  acls?: boolean;
  /** Holes are sent as such, and pages of zeros become holes; left out: no. Feature "sparse". */
  sparse?: boolean;
  /** The receiver may bypass its page cache where that is quicker; left out: it may. */
  direct?: boolean;
  /** The receiver has everything on stable storage before it says so; left out: no. Feature "fsync". */
  fsync?: boolean;
  /** What was written is read again and compared; left out: no. Feature "verify". */
  verify?: boolean;
  /** Process of the client, which lends its files to a receiver on the same machine; left out: it does not. Feature "lent". */
  lends?: number;
  /** Whose files are dummies: made up by the sender, thrown away by the receiver. Left out: nobody's. Feature "dummy". */
  dummy?: Dummy;
  /** Nothing is copied: probes follow, and `target` is a directory whose disk may be measured. Feature "probe". */
  probe?: boolean;
  /** Which paths are wanted; for the sender, who checks them. */
  filters: unknown[];
  /** A file on the remote end's host to which it appends its log. Feature "remote-log". */
  log?: string;
}

/** Checks a job from the peer. @throws {ProtocolError} code "bad-message". */
export function parseJob(value: unknown): Job {
  const fields = shape.asObject(value, "job");
  const direction = shape.oneOf(fields, "direction", ["push", "pull", "clean"]);
  if (direction === "clean") return parseCleanJob(fields);
  const options: JobOptions = {
    recursive: shape.flag(fields, "recursive"),
    preserve: shape.flag(fields, "preserve"),
    blockBytes: shape.whole(fields, "blockBytes"),
    ...(fields.bytesPerSecond === undefined ? {} : { bytesPerSecond: shape.whole(fields, "bytesPerSecond") }),
    ...(fields.congestion === undefined ? {} : { congestion: shape.text(fields, "congestion", 15) }),
    ...timeoutField(fields),
    ...(fields.compress === undefined ? {} : { compress: shape.flag(fields, "compress") }),
    ...(fields.update === undefined ? {} : { update: shape.oneOf(fields, "update", ["times", "contents"]) }),
    ...(fields.dryRun === undefined ? {} : { dryRun: shape.flag(fields, "dryRun") }),
    ...(fields.resume === undefined ? {} : { resume: shape.flag(fields, "resume") }),
    salt: shape.text(fields, "salt", 64),
    symlinks: shape.oneOf(fields, "symlinks", ["follow", "preserve", "skip"]),
    hardlinks: shape.flag(fields, "hardlinks"),
    ...(fields.xattrs === undefined ? {} : { xattrs: shape.flag(fields, "xattrs") }),
    ...(fields.acls === undefined ? {} : { acls: shape.flag(fields, "acls") }),
    ...(fields.sparse === undefined ? {} : { sparse: shape.flag(fields, "sparse") }),
    ...(fields.direct === undefined ? {} : { direct: shape.flag(fields, "direct") }),
    ...(fields.fsync === undefined ? {} : { fsync: shape.flag(fields, "fsync") }),
    ...(fields.verify === undefined ? {} : { verify: shape.flag(fields, "verify") }),
    ...(fields.dummy === undefined ? {} : { dummy: shape.oneOf(fields, "dummy", ["sender", "receiver", "both"]) }),
    ...(fields.probe === undefined ? {} : { probe: shape.flag(fields, "probe") }),
    ...(fields.lends === undefined ? {} : { lends: shape.whole(fields, "lends") }),
    filters: shape.list(fields, "filters", 1 << 10, (value) => value),
    ...logField(fields),
  };
  if (direction === "push") return { direction, target: shape.text(fields, "target", MAX_PATH_TEXT), ...options };
  return { direction, ...sourcesFields(fields), ...options };
}

function parseCleanJob(fields: shape.Fields): CleanJob {
  return {
    direction: "clean",
    ...sourcesFields(fields),
    ...(fields.records === undefined ? {} : { records: shape.flag(fields, "records") }),
    olderThanMs: shape.whole(fields, "olderThanMs"),
    ...(fields.dryRun === undefined ? {} : { dryRun: shape.flag(fields, "dryRun") }),
    ...timeoutField(fields),
    ...logField(fields),
  };
}

function sourcesFields(fields: shape.Fields): { sources: string[]; more?: boolean } {
  return {
    sources: shape.list(fields, "sources", MAX_ROOTS, shape.asText),
    ...(fields.more === undefined ? {} : { more: shape.flag(fields, "more") }),
  };
}

function timeoutField(fields: shape.Fields): { timeoutMs?: number } {
  if (fields.timeoutMs === undefined) return {};
  return { timeoutMs: shape.whole(fields, "timeoutMs", MIN_TIMEOUT_MS, MAX_TIMEOUT_MS) };
}

function logField(fields: shape.Fields): { log?: string } {
  return fields.log === undefined ? {} : { log: shape.text(fields, "log", 1 << 16) };
}
