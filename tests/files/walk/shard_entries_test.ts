import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createHash } from "node:crypto";
import { ShardEntries } from "../../../src/files/walk/shard.ts";
import { decodeName } from "../../../src/protocol/names.ts";
import { RandomBytes } from "../../support/files/random_bytes.ts";

const TREES = 20;
const PATHS = 100;

describe("the shards of random trees with paths of any bytes", () => {
  it("are disjoint and complete", () => {
    for (let seed = 0; seed < TREES; seed++) {
      const random = new RandomBytes(`shards ${seed}`);
      const count = 1 + random.below(seed === 0 ? 1000 : 16);
      const shards = Array.from({ length: count }, (_, index) => new ShardEntries({ index, count }));
      for (const path of randomPaths(random)) {
        assertEquals(shards.filter((shard) => shard.owns(path)).length, 1, `seed ${seed}, ${count} shards`);
      }
    }
  });

  it("do not depend on other paths, their order, and the process", () => {
    const paths = randomPaths(new RandomBytes("stable"));
    const ownersOf = (some: string[]) => {
      const shards = Array.from({ length: 7 }, (_, index) => new ShardEntries({ index, count: 7 }));
      return new Map(some.map((path) => [path, shards.findIndex((shard) => shard.owns(path))]));
    };
    const owners = ownersOf(paths);
    const others = ownersOf(paths.filter((_, index) => index % 3 === 0).reverse());
    for (const [path, owner] of others) assertEquals(owners.get(path), owner);
    // Computed once. Another digest means that shards of other versions would copy other paths.
    const digest = createHash("sha256").update(paths.map((path) => owners.get(path)).join()).digest("hex");
    assertEquals(digest.slice(0, 16), "3f74467fb41b2a29");
  });

  it("are even: no shard differs from its share by more than six standard deviations", () => {
    for (const count of [2, 3, 16]) {
      const shares = new Array<number>(count).fill(0);
      const shards = Array.from({ length: count }, (_, index) => new ShardEntries({ index, count }));
      const paths = new Set(
        Array.from({ length: 20 }, (_, seed) => randomPaths(new RandomBytes(`even ${seed}`))).flat(),
      );
      for (const path of paths) shares[shards.findIndex((shard) => shard.owns(path))]++;
      const deviation = Math.sqrt(paths.size / count * (1 - 1 / count));
      for (const share of shares) assert(Math.abs(share - paths.size / count) < 6 * deviation, `${count}: ${shares}`);
    }
  });
});

/** Returns different paths of up to five names of any bytes except NUL and "/", as text, and the root. */
function randomPaths(random: RandomBytes): string[] {
  const paths = new Set([""]);
  while (paths.size < PATHS) {
    const names = Array.from({ length: 1 + random.below(5) }, () => {
      const bytes = new Uint8Array(1 + random.below(12));
      random.fill(bytes);
      return decodeName(bytes.map((byte) => byte === 0 || byte === 0x2f ? 0xff : byte));
    });
    paths.add(names.join("/"));
  }
  return [...paths];
}
