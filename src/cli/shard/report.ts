/** The report of one shard: one JSON object. Fields may be added; a change of their meaning changes the version. */

import type { WrittenRange } from "../../transfer/shard_sums.ts";
import { parseTree, type WalkedTree } from "../../protocol/control/shard.ts";
import * as shape from "../../protocol/control/shape.ts";

/** Version of the format. */
const VERSION = 1;
const MAX_TEXT = 1 << 16;
const MAX_RANGES = 1 << 24;

/** Results of one shard, or the fact that it has not ended yet. */
export interface ShardReport {
  /** Random text, which no other run has. */
  id: string;
  /** Version of escp. */
  software: string;
  /** Name of the machine that ran the shard. */
  machine: string;
  shard: number;
  count: number;
  /** Properties of the copy, which are the same in all of its shards: JSON values by name. */
  copy: Readonly<Record<string, unknown>>;
  /** Start and end in milliseconds since 1970. */
  startedMs: number;
  endedMs?: number;
  status: "running" | "done" | "failed";
  /** Why the run ended early. */
  message?: string;
  /** Number of paths that failed. */
  failed: number;
  files: number;
  bytes: number;
  skipped: number;
  verified?: number;
  resumed?: number;
  /** The source as the shard saw it. Undefined only if it failed. */
  tree?: WalkedTree;
  /** Ranges of split files that the shard has written. */
  ranges?: WrittenRange[];
}

/** Returns the name of the report of a shard. */
export function reportName({ shard, count }: Pick<ShardReport, "shard" | "count">): string {
  return `shard-${shard}-of-${count}.json`;
}

/** Formats a report as one line. */
export function formatReport(report: ShardReport): string {
  return JSON.stringify({ escpShardReport: VERSION, ...report }) + "\n";
}

/** Parses a report. @throws {ProtocolError} for text that is not a report of this version. */
export function parseReport(text: string): ShardReport {
  const fields = shape.parseObject(text);
  shape.whole(fields, "escpShardReport", VERSION, VERSION);
  const count = shape.whole(fields, "count", 1);
  return {
    id: shape.text(fields, "id", 64),
    software: shape.text(fields, "software", 64),
    machine: shape.text(fields, "machine", MAX_TEXT),
    shard: shape.whole(fields, "shard", 0, count - 1),
    count,
    copy: shape.asObject(fields.copy, "copy"),
    startedMs: shape.whole(fields, "startedMs"),
    endedMs: shape.optional(fields, "endedMs", shape.whole),
    status: shape.oneOf(fields, "status", ["running", "done", "failed"]),
    message: shape.optional(fields, "message", shape.text, MAX_TEXT),
    failed: shape.whole(fields, "failed"),
    files: shape.whole(fields, "files"),
    bytes: shape.whole(fields, "bytes"),
    skipped: shape.whole(fields, "skipped"),
    verified: shape.optional(fields, "verified", shape.whole),
    resumed: shape.optional(fields, "resumed", shape.whole),
    tree: shape.optional(fields, "tree", parseTree),
    ranges: shape.optional(fields, "ranges", shape.list<WrittenRange>, MAX_RANGES, asRange),
  };
}

function asRange(value: unknown, name: string): WrittenRange {
  const fields = shape.asObject(value, name);
  const size = shape.whole(fields, "size");
  const start = shape.whole(fields, "start", 0, size);
  return {
    path: shape.text(fields, "path", MAX_TEXT),
    size,
    mtime: integer(fields, "mtime"),
    mtimeNs: shape.whole(fields, "mtimeNs", 0, 999_999_999),
    version: shape.whole(fields, "version"),
    start,
    end: shape.whole(fields, "end", start, size),
    crc32: shape.whole(fields, "crc32", 0, 0xffff_ffff),
  };
}

/** Returns a number of seconds, which is negative before 1970. */
function integer(fields: shape.Fields, name: string): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw shape.badField(name, "an integer");
}

/** Returns the names of the properties in which two copies differ. */
export function differences(one: ShardReport["copy"], other: ShardReport["copy"]): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => canonical(one[name]) !== canonical(other[name]));
}

/** Returns the same text for equal JSON values. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) => {
    if (each === null || typeof each !== "object" || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1));
  });
}
