/**
 * The control channel's messages: one JSON object a line, in both directions, after the hello line. Each is checked here
 * once; what comes out cannot be wrong. See PROTOCOL.md, "Control channel".
 */

import { ProtocolError } from "../../errors.ts";
import { type Job, parseJob } from "./job.ts";
import {
  CARRIED_BYTES,
  CARRIED_WINDOW_BYTES,
  MAX_HINT_TEXT,
  MAX_HOSTNAME,
  MAX_MESSAGE_TEXT,
  MAX_PATH_TEXT,
  MAX_PLACES,
  MAX_REACH_MS,
  MAX_REASON_TEXT,
  MAX_ROOTS,
  MAX_STREAMS,
  MAX_XATTRS_BYTES,
} from "../limits.ts";
import { type Finding, parseFinding, parseProbe, type Probe } from "./probe.ts";
import type { ByteRange, SummedRange } from "../data/range_sums.ts";
import type { Failure } from "./results.ts";
import * as shape from "./shape.ts";
import { parseWirePath, type WirePath } from "../wire_path.ts";
import { checkXattrs } from "../data/xattrs.ts";

/** Attributes of a file as they cross the wire. */
export interface WireAttributes {
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  mtimeNs: number;
  atime: number;
  atimeNs: number;
}

/** One source, as the sender tells the receiver about it. Its index in the list is the root's number. */
export interface WireSource {
  /** Index of the operand that the user typed. */
  operand: number;
  /** Last component of the operand, "." for its contents. */
  name: string;
  /** "input": standard input, whose length nobody knows. */
  kind: "file" | "folder" | "input";
  /** Names the file on the sender's host. */
  dev: number;
  inode: number;
  /** The target of this source alone, as the user wrote it; only from a client. Feature "lists". */
  target?: string;
}

/** What a dry run would do with one entry. */
export interface PlannedEntry {
  /** "create": a directory; "send": a new entry; "replace": one in the place of another; "skip": nothing. */
  action: "create" | "send" | "replace" | "skip";
  /** The name of the source and the path below it. */
  path: string;
  /** Bytes of a file, 0 of everything else. */
  bytes: number;
}

/** A leftover of an abandoned copy. */
export interface RemovedEntry {
  /** For the user. */
  path: string;
  /** What it took on the disk. */
  bytes: number;
}

/** All messages; the arrow says who may send it. */
export type Message =
  /** client -> remote, first: what was chosen out of the hello line, and the job. */
  | { type: "start"; version: number; features: string[]; random: Uint8Array<ArrayBuffer>; cipher: string; job: Job }
  /** client -> remote, after a start that says `more`: further sources of a pull. Feature "lists". */
  | {
    type: "wanted";
    sources: string[];
    /** Neither patterns nor "~" mean anything in them. */
    literal: boolean;
    last: boolean;
  }
  /** sender -> receiver: what will come, in as many messages as it takes. */
  | {
    type: "sources";
    sources: WireSource[];
    /** Operands that the user named, found or not. */
    operands: number;
    /** Tells whether both ends are one machine: SHA-256, in hexadecimal, of the job's salt and what names the machine. */
    host: string;
    /** What the walk has found so far. */
    files: number;
    bytes: number;
    /** The walk has ended. */
    complete: boolean;
    /** No more sources follow. */
    last: boolean;
  }
  /**
   * receiver -> sender: the target is prepared; `codecs`: what it can take, where the job wants compression; `renamed`:
   * the target is the name of the only source; `borrows`: it takes the lent files that the job offers; `remembers`: it
   * knows what an earlier run has finished, and can be asked; `unresumable`: why nothing of this copy can be resumed.
   */
  | {
    type: "ready";
    codecs?: string[];
    renamed?: boolean;
    borrows?: boolean;
    remembers?: boolean;
    unresumable?: string;
  }
  /** either: the job is refused before anything was written. */
  | { type: "refused"; failure: Failure }
  /** client -> remote: how many streams it opens. */
  | { type: "streams"; count: number }
  /** sender -> receiver: a ranged file comes; `input`: its size is not known and said to be 0. */
  | {
    type: "open";
    file: number;
    root: number;
    path: WirePath;
    size: number;
    input?: boolean;
    /** The same for the same file in every run; left out: what an earlier copy has left of it is of no use. */
    identity?: string;
    /** That of its records in asks; left out: the file is not to be remembered when it is finished. Feature "rerun". */
    version?: number;
    attributes: WireAttributes;
    /** Extended attributes, as a block (xattrs.ts). */
    xattrs?: Uint8Array<ArrayBuffer>;
  }
  /**
   * receiver -> sender: which ranges of it are needed, and which an earlier copy has left (only after an `identity`);
   * `sequential`: in one piece and in order, as a device wants it.
   */
  | { type: "opened"; file: number; missing: ByteRange[]; kept?: SummedRange[]; sequential: boolean }
  /** sender -> receiver: all of its ranges were acknowledged; `crc32` is that of the whole file. */
  | { type: "close"; file: number; size: number; crc32: number }
  /** sender -> receiver: it cannot be finished. */
  | { type: "drop"; file: number }
  /**
   * receiver -> sender: it has its final name; `crc32` of what was written; `found`: bytes that were lent, and that an
   * earlier copy had left there.
   */
  | { type: "closed"; file: number; bytes: number; crc32: number; found?: number }
  /** receiver -> sender: it failed. */
  | { type: "unopened"; file: number; failure: Failure }
  /** sender -> receiver: what the walk found so far. */
  | { type: "totals"; files: number; bytes: number; complete: boolean }
  /** sender -> receiver: a path that is not sent. */
  | { type: "failed"; failure: Failure }
  /** sender -> receiver: something the user may want to know. */
  | { type: "note"; message: string }
  /** sender -> receiver: what a dry run would do. */
  | { type: "planned"; entries: PlannedEntry[] }
  /** sender -> receiver: all units are acknowledged; `skipped` were there already, 0 when left out; or some failed. */
  | { type: "finish"; files: number; bytes: number; skipped?: number; verified?: number; incomplete?: boolean }
  /** receiver -> sender: directories have their attributes; the totals as counted here. */
  | { type: "finished"; files: number; bytes: number; skipped?: number; verified?: number; failures: Failure[] }
  /** remote -> client: leftovers that were removed, or in a dry run would be. Feature "clean". */
  | { type: "removed"; entries: RemovedEntry[] }
  /** remote -> client: all directories are done; the totals as counted there, `kept`: files that a copy may use. */
  | { type: "cleaned"; files: number; bytes: number; failed: number; kept: number }
  /** either, at any time once both know "alive": it is still there. */
  | { type: "alive" }
  /** remote -> client, at any time once both know "alive": it has closed a stream that was changed on its way. */
  | { type: "corrupt"; code: string }
  /** either, once both know "tunnel": a piece of a stream that this channel carries; none at its end. */
  | { type: "data"; stream: number; bytes: Uint8Array<ArrayBuffer> }
  /** either: so many more bytes of it were taken. */
  | { type: "taken"; stream: number; count: number }
  /** client -> remote, once both know "reverse": open one stream, to the first of these places where this end is. */
  | { type: "reach"; places: { hostname: string; port: number }[]; patienceMs: number }
  /** remote -> client: the answer where that came to nothing; what was tried, and what became of it. */
  | { type: "unreached"; tried: string }
  /** client -> remote, in a session that measures: one thing to find out. Feature "probe". */
  | { type: "probe"; probe: Probe }
  /** remote -> client: the answer. */
  | { type: "probed"; finding: Finding }
  /** client -> remote: the session is over. */
  | { type: "bye" }
  /** either: the session ends now; `hint`: what to do about it. */
  | { type: "abort"; code: string; message: string; hint?: string };

/** The name of a message. */
export type MessageType = Message["type"];
/** The message of a name. */
export type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;

/** A message as a line, without the newline. */
export function formatMessage(message: Message): string {
  if (message.type === "start") return JSON.stringify({ ...message, random: shape.toBase64(message.random) });
  if (message.type === "data") return JSON.stringify({ ...message, bytes: shape.toBase64(message.bytes) });
  if (message.type === "open" && message.xattrs) {
    return JSON.stringify({ ...message, xattrs: shape.toBase64(message.xattrs) });
  }
  return JSON.stringify(message);
}

/** A line as a message. @throws {ProtocolError} code "bad-message" or "bad-path". */
export function parseMessage(line: string): Message {
  const fields = shape.parseObject(line);
  const parse = PARSERS[shape.text(fields, "type", 32) as MessageType];
  if (!Object.hasOwn(PARSERS, fields.type as string)) {
    throw new ProtocolError("bad-message", `Cannot accept a message from the other side: its type is not known`);
  }
  return parse(fields);
}

const MAX_UINT32 = 2 ** 32 - 1;
const MAX_IDENTITY = 40;
const fileNumber = (fields: shape.Fields) => shape.whole(fields, "file", 0, MAX_UINT32);
const crc32 = (fields: shape.Fields) => shape.whole(fields, "crc32", 0, MAX_UINT32);
const counts = (fields: shape.Fields) => ({
  ...(fields.skipped === undefined ? {} : { skipped: shape.whole(fields, "skipped") }),
  ...(fields.verified === undefined ? {} : { verified: shape.whole(fields, "verified") }),
});
const failureField = (fields: shape.Fields) => asFailure(fields.failure, "failure");

const carriedStream = (fields: shape.Fields) => shape.whole(fields, "stream", 0, MAX_UINT32);

const PARSERS: { [T in MessageType]: (fields: shape.Fields) => MessageOf<T> } = {
  start: (fields) => ({
    type: "start",
    version: shape.whole(fields, "version", 1, 1 << 16),
    features: shape.list(fields, "features", 64, shape.asText),
    random: shape.bytes(fields, "random", 32),
    cipher: shape.text(fields, "cipher", 64),
    job: parseJob(fields.job),
  }),
  wanted: (fields) => ({
    type: "wanted",
    sources: shape.list(fields, "sources", MAX_ROOTS, shape.asText),
    literal: shape.flag(fields, "literal"),
    last: shape.flag(fields, "last"),
  }),
  sources: (fields) => ({
    type: "sources",
    sources: shape.list(fields, "sources", MAX_ROOTS, asSource),
    operands: shape.whole(fields, "operands", 0, MAX_ROOTS),
    host: shape.text(fields, "host", 128),
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    complete: shape.flag(fields, "complete"),
    last: shape.flag(fields, "last"),
  }),
  ready: (fields) => ({
    type: "ready",
    ...(fields.codecs === undefined ? {} : { codecs: shape.list(fields, "codecs", 16, shape.asText) }),
    ...(fields.renamed === undefined ? {} : { renamed: shape.flag(fields, "renamed") }),
    ...(fields.borrows === undefined ? {} : { borrows: shape.flag(fields, "borrows") }),
    ...(fields.remembers === undefined ? {} : { remembers: shape.flag(fields, "remembers") }),
    ...(fields.unresumable === undefined ? {} : { unresumable: shape.text(fields, "unresumable", MAX_REASON_TEXT) }),
  }),
  refused: (fields) => ({ type: "refused", failure: failureField(fields) }),
  streams: (fields) => ({ type: "streams", count: shape.whole(fields, "count", 0, MAX_STREAMS) }),
  open: (fields) => ({
    type: "open",
    file: fileNumber(fields),
    root: shape.whole(fields, "root", 0, MAX_ROOTS),
    path: parseWirePath(shape.text(fields, "path", MAX_PATH_TEXT)),
    size: shape.whole(fields, "size"),
    ...(fields.input === undefined ? {} : { input: shape.flag(fields, "input") }),
    ...(fields.identity === undefined ? {} : { identity: shape.text(fields, "identity", MAX_IDENTITY) }),
    ...(fields.version === undefined ? {} : { version: shape.whole(fields, "version") }),
    attributes: asAttributes(fields.attributes),
    ...(fields.xattrs === undefined ? {} : { xattrs: asXattrs(fields) }),
  }),
  opened: (fields) => ({
    type: "opened",
    file: fileNumber(fields),
    missing: shape.list(fields, "missing", 1 << 16, asRange),
    ...(fields.kept === undefined ? {} : { kept: shape.list(fields, "kept", 1 << 16, asSummedRange) }),
    sequential: shape.flag(fields, "sequential"),
  }),
  close: (fields) => ({
    type: "close",
    file: fileNumber(fields),
    size: shape.whole(fields, "size"),
    crc32: crc32(fields),
  }),
  drop: (fields) => ({ type: "drop", file: fileNumber(fields) }),
  closed: (fields) => ({
    type: "closed",
    file: fileNumber(fields),
    bytes: shape.whole(fields, "bytes"),
    crc32: crc32(fields),
    ...(fields.found === undefined ? {} : { found: shape.whole(fields, "found") }),
  }),
  unopened: (fields) => ({ type: "unopened", file: fileNumber(fields), failure: failureField(fields) }),
  totals: (fields) => ({
    type: "totals",
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    complete: shape.flag(fields, "complete"),
  }),
  failed: (fields) => ({ type: "failed", failure: failureField(fields) }),
  note: (fields) => ({ type: "note", message: shape.text(fields, "message", MAX_MESSAGE_TEXT) }),
  planned: (fields) => ({ type: "planned", entries: shape.list(fields, "entries", 1 << 12, asPlanned) }),
  finish: (fields) => ({
    type: "finish",
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    ...(fields.incomplete === undefined ? {} : { incomplete: shape.flag(fields, "incomplete") }),
    ...counts(fields),
  }),
  finished: (fields) => ({
    type: "finished",
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    ...counts(fields),
    failures: shape.list(fields, "failures", 1 << 16, asFailure),
  }),
  removed: (fields) => ({ type: "removed", entries: shape.list(fields, "entries", 1 << 12, asRemoved) }),
  cleaned: (fields) => ({
    type: "cleaned",
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    failed: shape.whole(fields, "failed"),
    kept: shape.whole(fields, "kept"),
  }),
  alive: () => ({ type: "alive" }),
  corrupt: (fields) => ({ type: "corrupt", code: shape.text(fields, "code", 64) }),
  data: (fields) => ({
    type: "data",
    stream: carriedStream(fields),
    bytes: shape.base64(fields, "bytes", CARRIED_BYTES),
  }),
  taken: (fields) => ({
    type: "taken",
    stream: carriedStream(fields),
    count: shape.whole(fields, "count", 1, CARRIED_WINDOW_BYTES),
  }),
  reach: (fields) => ({
    type: "reach",
    places: shape.list(fields, "places", MAX_PLACES, asPlace),
    patienceMs: shape.whole(fields, "patienceMs", 1, MAX_REACH_MS),
  }),
  unreached: (fields) => ({ type: "unreached", tried: shape.text(fields, "tried", 1 << 16) }),
  probe: (fields) => ({ type: "probe", probe: parseProbe(fields.probe) }),
  probed: (fields) => ({ type: "probed", finding: parseFinding(fields.finding, asFailure) }),
  bye: () => ({ type: "bye" }),
  abort: (fields) => ({
    type: "abort",
    code: shape.text(fields, "code", 64),
    message: shape.text(fields, "message", MAX_MESSAGE_TEXT),
    ...(fields.hint === undefined ? {} : { hint: shape.text(fields, "hint", MAX_HINT_TEXT) }),
  }),
};

function asFailure(value: unknown, name: string): Failure {
  const fields = shape.asObject(value, name);
  return {
    code: shape.text(fields, "code", 64),
    path: shape.text(fields, "path", MAX_PATH_TEXT),
    message: shape.text(fields, "message", MAX_MESSAGE_TEXT),
    hint: shape.text(fields, "hint", MAX_HINT_TEXT),
  };
}

function asPlace(value: unknown, name: string): MessageOf<"reach">["places"][number] {
  const fields = shape.asObject(value, name);
  return { hostname: shape.text(fields, "hostname", MAX_HOSTNAME), port: shape.whole(fields, "port", 1, 65_535) };
}

function asPlanned(value: unknown, name: string): PlannedEntry {
  const fields = shape.asObject(value, name);
  return {
    action: shape.oneOf(fields, "action", ["create", "send", "replace", "skip"]),
    path: shape.text(fields, "path", MAX_PATH_TEXT),
    bytes: shape.whole(fields, "bytes"),
  };
}

function asRemoved(value: unknown, name: string): RemovedEntry {
  const fields = shape.asObject(value, name);
  return { path: shape.text(fields, "path", MAX_PATH_TEXT), bytes: shape.whole(fields, "bytes") };
}

function asSource(value: unknown, name: string): WireSource {
  const fields = shape.asObject(value, name);
  return {
    operand: shape.whole(fields, "operand", 0, MAX_ROOTS),
    name: parseSourceName(shape.text(fields, "name", 1024)),
    kind: shape.oneOf(fields, "kind", ["file", "folder", "input"]),
    dev: shape.whole(fields, "dev"),
    inode: shape.whole(fields, "inode"),
    ...(fields.target === undefined ? {} : { target: shape.text(fields, "target", MAX_PATH_TEXT) }),
  };
}

/** A source's name is one component, or "." for the contents of a directory. */
function parseSourceName(name: string): string {
  if (name === ".") return name;
  if (name.includes("/") || name === "") {
    throw new ProtocolError("bad-path", "Cannot accept a source from the other side: its name is not one component");
  }
  return parseWirePath(name);
}

function asRange(value: unknown, name: string): ByteRange {
  if (!Array.isArray(value)) {
    const fields = shape.asObject(value, name);
    const start = shape.whole(fields, "start");
    return { start, end: shape.whole(fields, "end", start) };
  }
  throw new ProtocolError("bad-message", `Cannot accept a message from the other side: ${name} is not a range`);
}

function asXattrs(fields: shape.Fields): Uint8Array<ArrayBuffer> {
  const block = shape.base64(fields, "xattrs", MAX_XATTRS_BYTES);
  checkXattrs(block);
  return block;
}

function asSummedRange(value: unknown, name: string): SummedRange {
  return { ...asRange(value, name), crc32: crc32(shape.asObject(value, name)) };
}

function asAttributes(value: unknown): WireAttributes {
  const fields = shape.asObject(value, "attributes");
  const seconds = (name: string) => shape.whole(fields, name, -(2 ** 53 - 1));
  return {
    mode: shape.whole(fields, "mode", 0, 0o7777),
    uid: shape.whole(fields, "uid", 0, MAX_UINT32),
    gid: shape.whole(fields, "gid", 0, MAX_UINT32),
    mtime: seconds("mtime"),
    mtimeNs: shape.whole(fields, "mtimeNs", 0, 999_999_999),
    atime: seconds("atime"),
    atimeNs: shape.whole(fields, "atimeNs", 0, 999_999_999),
  };
}
