/** Items of the walk, pulled on demand and counted. */

import { bytesOf } from "../../shard_sums.ts";
import type { Walk, WalkItem } from "../../../files/engine/source.ts";

/** Pulls items from the walk, perhaps before they are needed. */
export class WalkQueue {
  /** Files and bytes that the walk has found so far, and whether it has ended. */
  readonly found = { files: 0, bytes: 0, complete: false };
  /** Whether the walk has found standard input, whose size is not known yet. */
  awaitsInput = false;
  readonly #walk: Walk;
  #stopped = false;
  /** Items that were pulled ahead, or that have changed since. */
  readonly #pending: WalkItem[] = [];

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  /** Whether all items were taken. */
  get isEmpty(): boolean {
    return this.found.complete && this.#pending.length === 0;
  }

  /** Pulls items ahead until more than this number of files is found, so that a small job is known completely. */
  async lookAhead({ files }: { files: number }): Promise<void> {
    while (!this.found.complete && this.found.files <= files) {
      const item = await this.#pull();
      if (item) this.#pending.push(item);
    }
  }

  /** Returns the next item, which stays in the queue until it is taken; undefined at the end. */
  async peek(): Promise<WalkItem | undefined> {
    if (this.#pending.length === 0) {
      const item = await this.#pull();
      if (item) this.#pending.push(item);
    }
    return this.#pending[0];
  }

  /** Takes the item that `peek` has returned; undefined if it was dropped since. */
  take(): WalkItem | undefined {
    return this.#pending.shift();
  }

  /** Adds a small file that has grown: it is sent as a large one. */
  addGrown(item: WalkItem & { size: number }, bytesBefore: number): void {
    if (this.#stopped) return;
    this.#pending.push(item);
    this.found.bytes += item.size - bytesBefore;
  }

  /** Adds the size of standard input at its end. */
  addInput(bytes: number): void {
    this.found.bytes += bytes;
    this.awaitsInput = false;
  }

  /** Drops all items that were not taken. @returns whether there may be any. */
  stop(): boolean {
    const hasMore = !this.isEmpty;
    this.#stopped = true;
    this.#pending.length = 0;
    this.found.complete = true;
    return hasMore;
  }

  close(): void {
    this.#walk.close();
  }

  async #pull(): Promise<WalkItem | undefined> {
    if (this.found.complete) return undefined;
    const next = this.#walk.next();
    const item = next instanceof Promise ? await next : next;
    if (this.#stopped) return undefined;
    if (!item) this.found.complete = true;
    else if (item.type === "pack") {
      this.found.files += item.files;
      this.found.bytes += item.bytes;
    } else if (item.type === "input") {
      this.found.files++;
      this.awaitsInput = true;
    } else if (item.type === "ranged") {
      // The run that finishes a split file counts it, and the shards count its bytes.
      if (!item.range) this.found.files++;
      this.found.bytes += bytesOf(item);
    }
    return item;
  }
}
