/** Simulates how evenly `--shard I/N` divides a list of files among N processes. */

import { RandomBytes } from "../../../tests/support/files/random_bytes.ts";

/** A list of files with log-normal sizes. */
export interface FileList {
  files: number;
  /** Expected total of all sizes. */
  bytes: number;
  /** Standard deviation of the natural logarithm of the sizes. Realistic trees have about 2 (see ../data.ts) to 3. */
  sigma: number;
  seed: string | number;
}

/** The share of the busiest shard. All ratios are to the mean of all shards. */
export interface Balance {
  /** Actual total of all sizes. */
  bytes: number;
  largestFile: number;
  /** Number of files and ranges that the shards copy. */
  pieces: number;
  mostPieces: number;
  mostBytes: number;
  leastBytes: number;
  /** Part of all bytes that is in split files, 0 to 1. */
  splitBytes: number;
}

/** Random words that are made at once. Even, because each size takes two of them. */
const WORDS = 1 << 14;

/**
 * Divides the same list among `shards` processes, once for each size of a split. A uniform random number replaces the
 * SHA-256 of a path, because both give each file and each range a shard that depends on no other.
 *
 * @param splits Size of ranges in bytes; `Infinity` for files that are not split.
 */
export function simulateBalance(list: FileList, shards: number, splits: readonly number[]): Balance[] {
  const sizes = new RandomWords(`sizes ${list.seed}`);
  const owners = splits.map((split) => new RandomWords(`owners ${split} ${list.seed}`));
  const pieces = splits.map(() => new Float64Array(shards));
  const bytes = splits.map(() => new Float64Array(shards));
  const inSplitFiles = splits.map(() => 0);
  // The mean of a log-normal distribution is exp(mu + sigma^2 / 2).
  const mu = Math.log(list.bytes / list.files) - list.sigma ** 2 / 2;
  let total = 0;
  let largestFile = 0;
  for (let file = 0; file < list.files; file++) {
    // Box-Muller transform.
    const radius = Math.sqrt(-2 * Math.log(sizes.uniform()));
    const size = Math.floor(Math.exp(mu + list.sigma * radius * Math.cos(2 * Math.PI * sizes.uniform())));
    total += size;
    largestFile = Math.max(largestFile, size);
    for (let at = 0; at < splits.length; at++) {
      if (size > splits[at]) inSplitFiles[at] += size;
      let left = size;
      do {
        const length = Math.min(left, splits[at]);
        const owner = Math.floor(owners[at].uniform() * shards);
        pieces[at][owner]++;
        bytes[at][owner] += length;
        left -= length;
      } while (left > 0);
    }
  }
  return splits.map((_, at) => {
    const all = pieces[at].reduce((sum, each) => sum + each, 0);
    return {
      bytes: total,
      largestFile,
      pieces: all,
      mostPieces: Math.max(...pieces[at]) / (all / shards),
      mostBytes: Math.max(...bytes[at]) / (total / shards),
      leastBytes: Math.min(...bytes[at]) / (total / shards),
      splitBytes: inSplitFiles[at] / total,
    };
  });
}

/** Random numbers from RandomBytes, made in blocks, because a simulation takes hundreds of millions. */
class RandomWords {
  readonly #random: RandomBytes;
  readonly #words = new Uint32Array(WORDS);
  #at = WORDS;

  constructor(seed: string) {
    this.#random = new RandomBytes(seed);
  }

  /** Returns a number above 0 and below 1. */
  uniform(): number {
    if (this.#at === WORDS) {
      this.#random.fill(new Uint8Array(this.#words.buffer));
      this.#at = 0;
    }
    return (this.#words[this.#at++] + 0.5) / 2 ** 32;
  }
}
