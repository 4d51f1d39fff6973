/** The symbolic links that this process has created: `--keep-dirlinks` does not follow them. */

import type { FileIdentity } from "../stat/file_identity.ts";

/** Number of bits that a link sets in a filter of 2 ** 23 bits: of a million links, 2 of 100 others seem to be known. */
const HASHES = 4;
const FILTER_WORDS = 1 << 18;

let filter: SharedArrayBuffer | undefined;

/** Returns the memory of the links that this process has created. All its copies and threads share it. */
export function createdLinks(): SharedArrayBuffer {
  return filter ??= new SharedArrayBuffer(FILTER_WORDS * 4);
}

/** Notes a link, before it gets its final name. */
export function noteCreatedLink(memory: SharedArrayBuffer, link: FileIdentity): void {
  const words = new Int32Array(memory);
  for (const bit of bitsOf(link, words.length)) Atomics.or(words, bit >>> 5, 1 << (bit & 31));
}

/** Returns whether a link was noted. May be true for another link, and is never false for a noted one. */
export function isCreatedLink(memory: SharedArrayBuffer, link: FileIdentity): boolean {
  const words = new Int32Array(memory);
  return bitsOf(link, words.length).every((bit) => (Atomics.load(words, bit >>> 5) & (1 << (bit & 31))) !== 0);
}

/** A Bloom filter, so that millions of links need no more memory. */
function bitsOf({ dev, inode }: FileIdentity, words: number): number[] {
  const parts = new Uint32Array(new Float64Array([dev, inode]).buffer);
  return Array.from({ length: HASHES }, (_, seed) => {
    let hash = 0x9e3779b9 * (seed + 1);
    for (const part of parts) {
      hash = Math.imul(hash ^ part, 0x85ebca6b);
      hash ^= hash >>> 15;
      hash = Math.imul(hash, 0xc2b2ae35);
      hash ^= hash >>> 13;
    }
    return (hash >>> 0) % (words * 32);
  });
}
