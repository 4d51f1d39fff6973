/**
 * Assigns the entries of a tree, and the ranges of large files, to shards. The assignment depends on nothing but the path, so
 * that processes agree on it without communication. See SESSIONS.md, "Shards".
 */

import { createHash } from "node:crypto";

/** Another version assigns entries differently. */
const PREFIX = new TextEncoder().encode("escp shard 1\0");
const NUL = Uint8Array.of(0);
const UINT32 = 2 ** 32;

/**
 * Returns the shard that an entry, or a range of a file, belongs to: the first 8 bytes of a SHA-256 as a big-endian number,
 * modulo `count`.
 *
 * @param path bytes of the path relative to the source, with "/" between names; empty for the source itself.
 * @param count number of shards, 1 to 65,536.
 * @param range index of the range, from 0. Default: the whole entry.
 */
export function shardOf(path: Uint8Array, count: number, range?: number): number {
  const hash = createHash("sha256").update(PREFIX).update(path);
  if (range !== undefined) hash.update(NUL).update(String(range));
  const digest = hash.digest();
  // All intermediate results are exact: the remainders are below 2^16.
  const [high, low] = [digest.readUInt32BE(0), digest.readUInt32BE(4)];
  return ((high % count) * (UINT32 % count) + low) % count;
}
