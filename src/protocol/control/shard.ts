/** The share of a copy that one of several processes copies. See WIRE_FORMAT.md, "Jobs". Feature "shard". */

import * as shape from "./shape.ts";

/** Maximum number of shards of a copy. */
export const MAX_SHARDS = 65_536;
/** Minimum size of the ranges of a split file. */
export const MIN_SPLIT_BYTES = 1 << 20;

/** A shard of a copy, or the run that finishes all of them. */
export interface Shard {
  /** Number of the shard, 0 to `count` - 1. Without it, the run finishes the copies of all shards. */
  index?: number;
  /** Number of shards, 1 to MAX_SHARDS. */
  count: number;
  /** Larger files are split into ranges of this size. Default: files are not split. */
  splitBytes?: number;
}

/** Parses the field of a job. @throws {ProtocolError} */
export function parseShard(job: shape.Fields, name: string): Shard {
  const fields = shape.asObject(job[name], name);
  const count = shape.whole(fields, "count", 1, MAX_SHARDS);
  return {
    index: shape.optional(fields, "index", shape.whole, 0, count - 1),
    count,
    splitBytes: shape.optional(fields, "splitBytes", shape.whole, MIN_SPLIT_BYTES, Number.MAX_SAFE_INTEGER),
  };
}
