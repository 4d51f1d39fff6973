/** The entries of a walk that one shard of a copy copies. */

import { shardOf } from "../../crypto/shard_owner.ts";
import type { Shard } from "../../protocol/control/shard.ts";
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

  /** Returns whether the shard copies the entry of a path relative to the root; "" for the root. */
  owns(path: string): boolean {
    const { index, count } = this.#shard;
    return index !== undefined && shardOf(encodeName(path), count) === index;
  }
}
