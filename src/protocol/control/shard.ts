/** The share of a copy that one of several processes copies. See WIRE_FORMAT.md, "Jobs". Feature "shard". */

import type { ByteRange } from "../data/range_sums.ts";
import * as shape from "./shape.ts";

/** Maximum number of shards of a copy. */
export const MAX_SHARDS = 65_536;
/** The size of the ranges of a split file is a multiple of this number. */
export const SPLIT_UNIT_BYTES = 1 << 20;
/** Maximum number of ranges of a file. Larger files have larger ranges. */
const MAX_RANGES = 65_536;

/** A shard of a copy, or the run that finishes all of them. */
export interface Shard {
  /** Number of the shard, 0 to `count` - 1. Without it, the run finishes the copies of all shards. */
  index?: number;
  /** Number of shards, 1 to MAX_SHARDS. */
  count: number;
  /** Larger files are split into ranges of this size, a multiple of SPLIT_UNIT_BYTES. Default: files are not split. */
  splitBytes?: number;
}

/** Parses the field of a job. @throws {ProtocolError} */
export function parseShard(job: shape.Fields, name: string): Shard {
  const fields = shape.asObject(job[name], name);
  const count = shape.whole(fields, "count", 1, MAX_SHARDS);
  return {
    index: shape.optional(fields, "index", shape.whole, 0, count - 1),
    count,
    splitBytes: shape.optional(fields, "splitBytes", splitSize),
  };
}

/** The tree that a walk of the whole source has seen: equal in all shards. */
export interface WalkedTree {
  /** Number of directories that were entered. */
  directories: number;
  /** Number of names in them that no filter excludes. */
  names: number;
  /** Digest of their paths, in any order: 16 hexadecimal digits. */
  digest: string;
}

/** Parses a tree, in a message or a report. @throws {ProtocolError} */
export function parseTree(of: shape.Fields, name: string): WalkedTree {
  const fields = shape.asObject(of[name], name);
  const digest = shape.text(fields, "digest", 16);
  if (!/^[0-9a-f]{16}$/.test(digest)) throw shape.badField("digest", "16 hexadecimal digits");
  return { directories: shape.whole(fields, "directories"), names: shape.whole(fields, "names"), digest };
}

function splitSize(fields: shape.Fields, name: string): number {
  const bytes = shape.whole(fields, name, SPLIT_UNIT_BYTES);
  if (bytes % SPLIT_UNIT_BYTES !== 0) throw shape.badField(name, `a multiple of ${SPLIT_UNIT_BYTES}`);
  return bytes;
}

/** Returns the ranges of a split file, in order: as long as `splitBytes`, or longer if there would be too many. */
export function splitRanges(size: number, splitBytes: number): ByteRange[] {
  const least = Math.ceil(size / MAX_RANGES / SPLIT_UNIT_BYTES) * SPLIT_UNIT_BYTES;
  const length = Math.max(splitBytes, least);
  return Array.from({ length: Math.ceil(size / length) }, (_, index) => ({
    start: index * length,
    end: Math.min(size, (index + 1) * length),
  }));
}
