/**
 * Messages of the control channel. Each is one line of JSON after the hello line; message_codec.ts parses them. Layout
 * and limits: WIRE_FORMAT.md, "Control messages".
 */

import type { ByteRange, SummedRange } from "../data/range_sums.ts";
import type { OwnerName } from "../data/owners.ts";
import type { WirePath } from "../wire_path.ts";
import type { Job } from "./job.ts";
import type { WalkedTree } from "./shard.ts";
import type { Finding, Probe } from "./probe.ts";
import type { Failure } from "../failure.ts";

/** Attributes of a file. Times are seconds since 1970 and nanoseconds. */
export interface WireAttributes {
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  mtimeNs: number;
  atime: number;
  atimeNs: number;
}

/** A source that the sender offers. Its position in all "sources" messages is the root number. */
export interface WireSource {
  /** Index of the operand that the user typed. */
  operand: number;
  /** Last component of the operand; "." for its contents. */
  name: string;
  /** `folder`: a directory. `input`: standard input, whose size is unknown. */
  kind: "file" | "folder" | "input";
  /** Device of the file on the sender's host. */
  dev: number;
  inode: number;
  /** Directories that are copied with their contents, if only parts of the source are copied. Default: the source itself. */
  trees?: { dev: number; inode: number }[];
  /** The target of this source alone, as the user typed it. Only clients send it. Feature "lists". */
  target?: string;
}

/** Actions of a dry run. */
export const PLANNED_ACTIONS = ["create", "send", "replace", "skip", "remove", "unlink"] as const;
export type PlannedAction = typeof PLANNED_ACTIONS[number];

/** The action that a dry run reports for one entry. */
export interface PlannedEntry {
  /**
   * "create": a new directory; "send": another new entry; "replace": an entry over an existing one; "skip": no action; "remove": an entry
   * of the target that the source lacks; "unlink": an entry of the source that was copied. Feature "remove-sources".
   */
  action: PlannedAction;
  /** The name of the source and the path below it. */
  path: string;
  /** Size of a file, 0 for other entries. */
  bytes: number;
}

/** The change of one entry. */
export interface ItemizedEntry {
  /** Eleven characters, as in item_changes.ts. */
  item: string;
  /** The name of the source and the path below it; of a directory with a "/" at its end. */
  path: string;
  /** Target of a symbolic link, or first path of a hard link. */
  target?: string;
}

/** An entry of the target that the source lacks, and that the receiver has removed. */
export interface DeletedEntry {
  /** The name of the source and the path below it. */
  path: string;
}

/** A leftover of an abandoned copy. */
export interface RemovedEntry {
  /** Path for the user. */
  path: string;
  /** Disk space that it used, in bytes. */
  bytes: number;
}

/** The file that a large file replaces, of which the receiver computes digests. */
export interface OldFile {
  /** In bytes. */
  size: number;
  /** Key of the digests, for this file only. */
  key: Uint8Array<ArrayBuffer>;
  /** The file is changed in place. */
  inPlace?: boolean;
}

/** All messages. Each comment begins with the sender and the receiver of the message. */
export type Message =
  /** client -> remote end: the first message, with the choices from the hello line and the job. */
  | { type: "start"; version: number; features: string[]; random: Uint8Array<ArrayBuffer>; cipher: string; job: Job }
  /** client -> remote end, after a job with `more`: further requested sources. Feature "lists". */
  | {
    type: "wanted";
    sources: string[];
    /** Patterns and "~" have no special meaning. */
    literal: boolean;
    /** No more "wanted" follows. */
    last: boolean;
  }
  /** sender -> receiver: the offered sources, in one or more messages. */
  | {
    type: "sources";
    sources: WireSource[];
    /** Number of operands that the user named, found or not. */
    operands: number;
    /** SHA-256, in hexadecimal, of the job's salt and the machine's boot ID. Equal on both ends of one machine. */
    host: string;
    /** Files found so far by the walk. */
    files: number;
    /** Bytes found so far by the walk. */
    bytes: number;
    /** The walk has ended. */
    complete: boolean;
    /** No more "sources" follows. */
    last: boolean;
  }
  /** receiver -> sender: the target is prepared. */
  | {
    type: "ready";
    /** Codecs that the receiver can decompress; only if the job has `compress`. */
    codecs?: string[];
    /** The target is the name of the only source. */
    renamed?: boolean;
    /** The receiver copies from files that the client has open (`lends` of the job). Feature "lent". */
    borrows?: boolean;
    /** The receiver remembers files that an earlier run finished, and answers compare requests. Feature "rerun". */
    remembers?: boolean;
    /** The receiver maps owners by their names. Feature "owners". */
    owners?: boolean;
    /** The receiver accepts files in pieces of packs. Feature "pieces". */
    pieces?: boolean;
    /** Reason why this copy cannot be resumed. */
    unresumable?: string;
  }
  /** both directions: the job is refused before anything was written. */
  | { type: "refused"; failure: Failure }
  /** client -> remote end: number of streams that the client opens. */
  | { type: "streams"; count: number }
  /** sender -> receiver: names of the owners in later "open" messages. Feature "owners". */
  | { type: "owners"; owners: OwnerName[] }
  /** sender -> receiver: announces a large file. */
  | {
    type: "open";
    file: number;
    root: number;
    path: WirePath;
    /** Size in bytes; 0 if `input`. */
    size: number;
    /** Standard input, whose size is unknown. */
    input?: boolean;
    /** Equal in every session for the same unchanged file. Without it, the file cannot be resumed. */
    identity?: string;
    /** Version of the file, as in its record. Without it, the receiver must not remember the file. Feature "rerun". */
    version?: number;
    /** Device of the file on the sender's host. */
    dev?: number;
    inode?: number;
    /** The target exists with other contents, and may be changed. Feature "delta". */
    delta?: boolean;
    /** Only this range of the file is sent. Shards write one partial file together. Feature "shard". */
    range?: ByteRange;
    /** Nothing is sent, because shards have written all ranges of the file. Feature "shard". */
    joined?: boolean;
    attributes: WireAttributes;
    /** Block of extended attributes (xattrs.ts). */
    xattrs?: Uint8Array<ArrayBuffer>;
  }
  /** receiver -> sender: the large file is open. */
  | {
    type: "opened";
    file: number;
    /** Ranges to send. */
    missing: ByteRange[];
    /** Ranges that an earlier copy has written; only if "open" has an `identity`. */
    kept?: SummedRange[];
    /** Send the file as one range, in order, because the target is a device or a pipe. */
    sequential: boolean;
    /** The file that it replaces; only if "open" has `delta`. */
    delta?: OldFile;
  }
  /** sender -> receiver: all ranges were acknowledged. The CRC-32 is that of the whole file, or of its range. */
  | { type: "close"; file: number; size: number; crc32: number }
  /** sender -> receiver: the large file is abandoned. */
  | { type: "drop"; file: number }
  /** receiver -> sender: the large file has its final name. */
  | {
    type: "closed";
    file: number;
    /** Size of the file, or of its range. In bytes. */
    bytes: number;
    /** CRC-32 of the written bytes. */
    crc32: number;
    /** Bytes of reference blocks that an earlier copy had written already. Feature "lent". */
    found?: number;
    /** Bytes that were copied from the old file. Feature "delta". */
    reused?: number;
  }
  /** receiver -> sender: the large file failed. */
  | { type: "unopened"; file: number; failure: Failure }
  /** receiver -> client: bytes of an earlier run that are being verified; 0 at the end. Feature "checking". */
  | { type: "checking"; bytes: number }
  /** sender -> receiver: totals of the walk so far. */
  | { type: "totals"; files: number; bytes: number; complete: boolean }
  /** sender -> receiver: a path is not sent. */
  | { type: "failed"; failure: Failure }
  /** sender -> receiver: a note for the user. receiver -> client too, with feature "notes". */
  | { type: "note"; message: string }
  /** sender -> receiver: names of entries of a source directory, in one or more messages. Feature "delete". */
  | { type: "names"; root: number; path: WirePath; names: string[] }
  /** receiver -> client: entries that were deleted, or would be in a dry run. Feature "delete". */
  | { type: "deleted"; entries: DeletedEntry[] }
  /** sender -> receiver: entries of a dry run. Feature "update". */
  | { type: "planned"; entries: PlannedEntry[] }
  /** sender -> client: changes of entries, in a job with `itemize`. Feature "itemize". */
  | { type: "items"; entries: ItemizedEntry[] }
  /** sender -> receiver: all units are acknowledged. */
  | {
    type: "finish";
    files: number;
    bytes: number;
    /** Unchanged entries that were not sent. */
    skipped?: number;
    verified?: number;
    /** Some path failed. */
    incomplete?: boolean;
    /** Files were not sent, because the target takes no more. */
    stopped?: boolean;
    /** The tree that the sender has walked. Feature "shard". */
    tree?: WalkedTree;
  }
  /** receiver -> sender: directories have their attributes. The totals are the receiver's. */
  | {
    type: "finished";
    files: number;
    bytes: number;
    skipped?: number;
    verified?: number;
    /** Number of entries that were deleted, or would be in a dry run. Feature "delete". */
    deleted?: number;
    failures: Failure[];
  }
  /** sender -> client, after "finished" if the job has `removesSources`: number of removed entries. Feature "remove-sources". */
  | { type: "sourcesRemoved"; entries: number }
  /** remote end -> client: leftovers that were removed, or would be in a dry run. Feature "clean". */
  | { type: "removed"; entries: RemovedEntry[] }
  /** remote end -> client: cleaning has ended, with its totals. `kept`: number of files that a copy may use. */
  | { type: "cleaned"; files: number; bytes: number; failed: number; kept: number }
  /** both directions, at any time: keep-alive. Feature "alive". */
  | { type: "alive" }
  /** remote end -> client, at any time: a stream was closed because its data was corrupted. Feature "alive". */
  | { type: "corrupt"; code: string }
  /** both directions: bytes of a stream through this channel; no bytes close the stream. Feature "tunnel". */
  | { type: "data"; stream: number; bytes: Uint8Array<ArrayBuffer> }
  /** both directions: `count` more bytes of the stream were accepted. */
  | { type: "taken"; stream: number; count: number }
  /** client -> remote end: open one stream to the first of these addresses that answers. Feature "reverse". */
  | { type: "reach"; places: { hostname: string; port: number }[]; patienceMs: number }
  /** remote end -> client: no stream could be opened for a "reach". `tried`: the attempts, for the user. */
  | { type: "unreached"; tried: string }
  /** client -> remote end: one measurement. Feature "probe". */
  | { type: "probe"; probe: Probe }
  /** remote end -> client: the result of a measurement. */
  | { type: "probed"; finding: Finding }
  /** client -> remote end: the session has ended. */
  | { type: "bye" }
  /** both directions: the session ends now. `hint`: what the user can do. */
  | { type: "abort"; code: string; message: string; hint?: string };

/** The type of a message. */
export type MessageType = Message["type"];
/** The message of a type. */
export type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;
