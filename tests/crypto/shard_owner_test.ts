import { assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createHash } from "node:crypto";
import { shardOf } from "../../src/crypto/shard_owner.ts";
import { encodeName } from "../../src/protocol/names.ts";

/** Computed once. They must never change. */
const GOLDEN = { entries: [49452, 18229, 54441, 50128, 59558], ranges: [647, 692, 881, 138] };

describe("shardOf", () => {
  it("assigns paths and ranges to the same shards forever", () => {
    const shards = ["", "a", "a/b", "dir/file.bin", "ä"].map((path) => shardOf(encodeName(path), 65_536));
    assertEquals(shards, GOLDEN.entries);
    assertEquals([0, 1, 2, 1024].map((range) => shardOf(encodeName("big"), 1000, range)), GOLDEN.ranges);
  });

  it("is the first 8 bytes of a SHA-256 modulo the number of shards", () => {
    for (const count of [1, 2, 3, 7, 1000, 65_535, 65_536]) {
      for (let index = 0; index < 200; index++) {
        const digest = createHash("sha256").update(`escp shard 1\0dir/${index}`).digest();
        assertEquals(shardOf(encodeName(`dir/${index}`), count), Number(digest.readBigUInt64BE() % BigInt(count)));
        const ofRange = createHash("sha256").update(`escp shard 1\0big\0${index}`).digest();
        assertEquals(shardOf(encodeName("big"), count, index), Number(ofRange.readBigUInt64BE() % BigInt(count)));
      }
    }
  });

  it("gives each entry to one of the shards, and each shard a fair share", () => {
    for (const count of [1, 3, 16]) {
      const shares = new Array(count).fill(0);
      for (let index = 0; index < 4000; index++) shares[shardOf(encodeName(`d${index % 10}/f${index}`), count)]++;
      assertEquals(shares.reduce((sum, share) => sum + share), 4000);
      for (const share of shares) assertEquals(Math.abs(share - 4000 / count) < 4000 / count / 2, true, `${shares}`);
    }
  });

  it("distinguishes a range from the path that ends like it", () => {
    assertNotEquals(shardOf(encodeName("big"), 65_536, 0), shardOf(encodeName("big0"), 65_536));
  });
});
