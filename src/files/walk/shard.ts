/** The entries of a walk that one shard of a copy copies. */

import { shardOf } from "../../crypto/shard_owner.ts";
import { type Shard, splitRanges } from "../../protocol/control/shard.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import { encodeName } from "../../protocol/names.ts";

/** Decides which entries a shard copies. The run that finishes a copy sends directories only. */
export class ShardEntries {
  readonly #shard: Shard;

  constructor(shard: Shard) {
    this.#shard = shard;
  }

  /** Whether the walk sends all directories with their attributes. Otherwise it creates directories. */
  get finishes(): boolean {
    return this.#shard.index === undefined;
  }

  /** Returns whether a file of this size is split into ranges. */
  splits(size: number): boolean {
    return size > (this.#shard.splitBytes ?? Infinity);
  }

  /** Whether files of other shards are examined, because large ones are split. */
  get examinesFiles(): boolean {
    return this.#shard.splitBytes !== undefined;
  }

  /** Returns the ranges of a split file that the shard copies, in order. @param path as in `owns`. */
  ranges(path: string, size: number): ByteRange[] {
    const { index, count, splitBytes } = this.#shard;
    const bytes = encodeName(path);
    return splitRanges(size, splitBytes!).filter((_, range) => shardOf(bytes, count, range) === index);
  }

  /** Returns whether the shard copies the entry of a path relative to the root; "" for the root. */
  owns(path: string): boolean {
    const { index, count } = this.#shard;
    return index !== undefined && shardOf(encodeName(path), count) === index;
  }
}
