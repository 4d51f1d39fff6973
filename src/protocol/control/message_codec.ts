/** Messages of the control channel as lines of JSON, and back. */

import { ProtocolError } from "../../errors.ts";
import {
  CARRIED_BYTES,
  CARRIED_WINDOW_BYTES,
  MAX_HINT_TEXT,
  MAX_MESSAGE_TEXT,
  MAX_PATH_TEXT,
  MAX_PLACES,
  MAX_REACH_MS,
  MAX_REASON_TEXT,
  MAX_ROOTS,
  MAX_STREAMS,
} from "../limits.ts";
import { parseWirePath } from "../wire_path.ts";
import { parseJob } from "./job.ts";
import {
  asAttributes,
  asDeleted,
  asItem,
  asName,
  asOwner,
  asPlace,
  asPlanned,
  asRange,
  asRemoved,
  asSource,
  asSummedRange,
  formatOldFile,
  parseOldFile,
  uint32,
  xattrBlock,
} from "./message_parts.ts";
import type { Message, MessageOf, MessageType } from "./messages.ts";
import { parseFinding, parseProbe } from "./probe.ts";
import type { ByteRange, SummedRange } from "../data/range_sums.ts";
import { type Failure, parseFailure } from "../failure.ts";
import { parseTree } from "./shard.ts";
import * as shape from "./shape.ts";

/** Formats a message as a line, without the newline. */
export function formatMessage(message: Message): string {
  switch (message.type) {
    case "start":
      return JSON.stringify({ ...message, random: message.random.toBase64() });
    case "data":
      return JSON.stringify({ ...message, bytes: message.bytes.toBase64() });
    case "open":
      return JSON.stringify({ ...message, xattrs: message.xattrs?.toBase64() });
    case "opened":
      return JSON.stringify({ ...message, delta: message.delta && formatOldFile(message.delta) });
    default:
      return JSON.stringify(message);
  }
}

/** Parses a line to a message. @throws {ProtocolError} code "bad-message", "bad-path" or "bad-record". */
export function parseMessage(line: string): Message {
  const fields = shape.parseObject(line);
  const type = shape.text(fields, "type", 32);
  if (!Object.hasOwn(PARSERS, type)) {
    throw new ProtocolError("bad-message", `Cannot accept a message from the peer: its type is unknown`);
  }
  return PARSERS[type as MessageType](fields);
}

/** Limits of lists and texts that the reader keeps for one message only. */
const MAX_FEATURES = 64;
const MAX_CODECS = 16;
const MAX_RANGES = 1 << 16;
const MAX_ENTRIES = 1 << 12;
const MAX_FAILURES = 1 << 16;
const MAX_IDENTITY_TEXT = 40;
const MAX_WORD = 64;
const MAX_TRIED_TEXT = 1 << 16;

const PARSERS: { [T in MessageType]: (fields: shape.Fields) => MessageOf<T> } = {
  start: (fields) => ({
    type: "start",
    version: shape.whole(fields, "version", 1, 1 << 16),
    features: shape.list(fields, "features", MAX_FEATURES, shape.asText),
    random: shape.bytes(fields, "random", 32),
    cipher: shape.text(fields, "cipher", MAX_WORD),
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
    codecs: shape.optional(fields, "codecs", shape.list<string>, MAX_CODECS, shape.asText),
    renamed: shape.optional(fields, "renamed", shape.flag),
    borrows: shape.optional(fields, "borrows", shape.flag),
    remembers: shape.optional(fields, "remembers", shape.flag),
    owners: shape.optional(fields, "owners", shape.flag),
    pieces: shape.optional(fields, "pieces", shape.flag),
    unresumable: shape.optional(fields, "unresumable", shape.text, MAX_REASON_TEXT),
  }),
  refused: (fields) => ({ type: "refused", failure: failure(fields) }),
  streams: (fields) => ({ type: "streams", count: shape.whole(fields, "count", 0, MAX_STREAMS) }),
  owners: (fields) => ({ type: "owners", owners: shape.list(fields, "owners", MAX_ENTRIES, asOwner) }),
  open: (fields) => ({
    type: "open",
    file: uint32(fields, "file"),
    root: shape.whole(fields, "root", 0, MAX_ROOTS),
    path: parseWirePath(shape.text(fields, "path", MAX_PATH_TEXT)),
    size: shape.whole(fields, "size"),
    input: shape.optional(fields, "input", shape.flag),
    identity: shape.optional(fields, "identity", shape.text, MAX_IDENTITY_TEXT),
    version: shape.optional(fields, "version", shape.whole),
    dev: shape.optional(fields, "dev", shape.whole),
    inode: shape.optional(fields, "inode", shape.whole),
    delta: shape.optional(fields, "delta", shape.flag),
    range: shape.optional(fields, "range", openedRange),
    joined: shape.optional(fields, "joined", shape.flag),
    attributes: asAttributes(fields.attributes),
    xattrs: shape.optional(fields, "xattrs", xattrBlock),
  }),
  opened: (fields) => ({
    type: "opened",
    file: uint32(fields, "file"),
    missing: shape.list(fields, "missing", MAX_RANGES, asRange),
    kept: shape.optional(fields, "kept", shape.list<SummedRange>, MAX_RANGES, asSummedRange),
    sequential: shape.flag(fields, "sequential"),
    delta: shape.optional(fields, "delta", parseOldFile),
  }),
  close: (fields) => ({
    type: "close",
    file: uint32(fields, "file"),
    size: shape.whole(fields, "size"),
    crc32: uint32(fields, "crc32"),
  }),
  drop: (fields) => ({ type: "drop", file: uint32(fields, "file") }),
  closed: (fields) => ({
    type: "closed",
    file: uint32(fields, "file"),
    bytes: shape.whole(fields, "bytes"),
    crc32: uint32(fields, "crc32"),
    found: shape.optional(fields, "found", shape.whole),
    reused: shape.optional(fields, "reused", shape.whole),
  }),
  unopened: (fields) => ({ type: "unopened", file: uint32(fields, "file"), failure: failure(fields) }),
  checking: (fields) => ({ type: "checking", bytes: shape.whole(fields, "bytes") }),
  totals: (fields) => ({
    type: "totals",
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    complete: shape.flag(fields, "complete"),
  }),
  failed: (fields) => ({ type: "failed", failure: failure(fields) }),
  note: (fields) => ({ type: "note", message: shape.text(fields, "message", MAX_MESSAGE_TEXT) }),
  names: (fields) => ({
    type: "names",
    root: shape.whole(fields, "root", 0, MAX_ROOTS),
    path: parseWirePath(shape.text(fields, "path", MAX_PATH_TEXT)),
    names: shape.list(fields, "names", MAX_ENTRIES, asName),
  }),
  deleted: (fields) => ({ type: "deleted", entries: shape.list(fields, "entries", MAX_ENTRIES, asDeleted) }),
  planned: (fields) => ({ type: "planned", entries: shape.list(fields, "entries", MAX_ENTRIES, asPlanned) }),
  items: (fields) => ({ type: "items", entries: shape.list(fields, "entries", MAX_ENTRIES, asItem) }),
  finish: (fields) => ({
    type: "finish",
    ...totals(fields),
    incomplete: shape.optional(fields, "incomplete", shape.flag),
    stopped: shape.optional(fields, "stopped", shape.flag),
    tree: shape.optional(fields, "tree", parseTree),
  }),
  finished: (fields) => ({
    type: "finished",
    ...totals(fields),
    deleted: shape.optional(fields, "deleted", shape.whole),
    failures: shape.list(fields, "failures", MAX_FAILURES, parseFailure),
  }),
  sourcesRemoved: (fields) => ({ type: "sourcesRemoved", entries: shape.whole(fields, "entries") }),
  removed: (fields) => ({ type: "removed", entries: shape.list(fields, "entries", MAX_ENTRIES, asRemoved) }),
  cleaned: (fields) => ({
    type: "cleaned",
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    failed: shape.whole(fields, "failed"),
    kept: shape.whole(fields, "kept"),
  }),
  alive: () => ({ type: "alive" }),
  corrupt: (fields) => ({ type: "corrupt", code: shape.text(fields, "code", MAX_WORD) }),
  data: (fields) => ({
    type: "data",
    stream: uint32(fields, "stream"),
    bytes: shape.base64(fields, "bytes", CARRIED_BYTES),
  }),
  taken: (fields) => ({
    type: "taken",
    stream: uint32(fields, "stream"),
    count: shape.whole(fields, "count", 1, CARRIED_WINDOW_BYTES),
  }),
  reach: (fields) => ({
    type: "reach",
    places: shape.list(fields, "places", MAX_PLACES, asPlace),
    patienceMs: shape.whole(fields, "patienceMs", 1, MAX_REACH_MS),
  }),
  unreached: (fields) => ({ type: "unreached", tried: shape.text(fields, "tried", MAX_TRIED_TEXT) }),
  probe: (fields) => ({ type: "probe", probe: parseProbe(fields.probe) }),
  probed: (fields) => ({ type: "probed", finding: parseFinding(fields.finding) }),
  bye: () => ({ type: "bye" }),
  abort: (fields) => ({
    type: "abort",
    code: shape.text(fields, "code", MAX_WORD),
    message: shape.text(fields, "message", MAX_MESSAGE_TEXT),
    hint: shape.optional(fields, "hint", shape.text, MAX_HINT_TEXT),
  }),
};

/** Parses the range of a split file, which is not empty. */
function openedRange(fields: shape.Fields, name: string): ByteRange {
  const range = asRange(fields[name], name);
  if (range.start === range.end) throw shape.badField(name, "a range with bytes");
  return range;
}

function failure(fields: shape.Fields): Failure {
  return parseFailure(fields.failure, "failure");
}

function totals(fields: shape.Fields): Pick<MessageOf<"finish">, "files" | "bytes" | "skipped" | "verified"> {
  return {
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    skipped: shape.optional(fields, "skipped", shape.whole),
    verified: shape.optional(fields, "verified", shape.whole),
  };
}
