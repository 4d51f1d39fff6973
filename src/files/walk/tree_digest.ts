/** A digest of what one walk has seen, by which the shards of a copy notice that they saw different trees. */

import type { WalkedTree } from "../../protocol/control/shard.ts";
import { encodeName } from "../../protocol/names.ts";

/**
 * Counts directories and names. The digest is the sum of a hash of each path, so it does not depend on their order. The hash is
 * cyrb53 (bryc, public domain) with all of its 64 bits: chance collisions are unlikely, but it does not protect against
 * people who choose names.
 */
export class TreeDigest {
  #directories = 0;
  #names = 0;
  /** Sums of both halves of the hashes, modulo 2^32. */
  #low = 0;
  #high = 0;
  /** State of the hash after the path of the current directory, and of the current name. */
  #directoryLow = 0;
  #directoryHigh = 0;
  #stateLow = 0;
  #stateHigh = 0;

  /** Enters a directory. @param path relative to the source; "" for the source itself. */
  enter(path: string): void {
    const bytes = encodeName(`${path}/`);
    this.#directories++;
    this.#stateLow = 0xdeadbeef;
    this.#stateHigh = 0x41c6ce57;
    this.#mix(bytes, 0, bytes.length);
    this.#directoryLow = this.#stateLow;
    this.#directoryHigh = this.#stateHigh;
    this.#add();
  }

  /** Adds the name bytes[start, end) in the current directory. */
  addName(bytes: Uint8Array, start: number, end: number): void {
    this.#names++;
    this.#stateLow = this.#directoryLow;
    this.#stateHigh = this.#directoryHigh;
    this.#mix(bytes, start, end);
    this.#add();
  }

  /** Returns what was seen so far. */
  result(): WalkedTree {
    const hex = (word: number) => word.toString(16).padStart(8, "0");
    return { directories: this.#directories, names: this.#names, digest: hex(this.#high) + hex(this.#low) };
  }

  #mix(bytes: Uint8Array, start: number, end: number): void {
    let [low, high] = [this.#stateLow, this.#stateHigh];
    for (let at = start; at < end; at++) {
      low = Math.imul(low ^ bytes[at], 0x9e3779b1);
      high = Math.imul(high ^ bytes[at], 0x5f356495);
    }
    this.#stateLow = low;
    this.#stateHigh = high;
  }

  #add(): void {
    let [low, high] = [this.#stateLow, this.#stateHigh];
    low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
    high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
    this.#low = (this.#low + low) >>> 0;
    this.#high = (this.#high + high) >>> 0;
  }
}
