import { assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TreeDigest } from "../../../src/files/walk/tree_digest.ts";

/** Returns the digest of directories with names, in this order. */
function digestOf(...directories: [string, string[]][]) {
  const tree = new TreeDigest();
  for (const [path, names] of directories) {
    tree.enter(path);
    for (const name of names.map((name) => new TextEncoder().encode(`-${name}-`))) {
      tree.addName(name, 1, name.length - 1);
    }
  }
  return tree.result();
}

describe("TreeDigest", () => {
  it("has a fixed value", () => {
    assertEquals(digestOf(["", ["a", "b"]], ["a", ["\u00e9"]]), {
      directories: 2,
      names: 3,
      digest: "1bcd60855de1dced",
    });
    assertEquals(digestOf(), { directories: 0, names: 0, digest: "0000000000000000" });
  });

  it("does not depend on the order of directories and names", () => {
    assertEquals(digestOf(["", ["a", "b"]], ["a", ["c", "d"]]), digestOf(["a", ["d", "c"]], ["", ["b", "a"]]));
  });

  it("depends on each name, its place, and each directory", () => {
    const trees = [
      digestOf(["", ["a", "b"]], ["a", ["c"]]),
      digestOf(["", ["a", "c"]], ["a", ["b"]]),
      digestOf(["", ["a", "b"]], ["b", ["c"]]),
      digestOf(["", ["a"]], ["a", ["b", "c"]]),
      digestOf(["", ["ab"]], ["a", ["c", "b"]]),
    ];
    for (const [index, tree] of trees.entries()) {
      for (const other of trees.slice(index + 1)) assertNotEquals(tree.digest, other.digest);
    }
  });

  it("is different for many similar names", () => {
    const digests = Array.from({ length: 20_000 }, (_, index) => digestOf(["d", [`f${index}`]]).digest);
    assertEquals(new Set(digests).size, digests.length);
    // Each half alone is as good as random: a collision in 32 bits has a probability of about 5 %.
    for (const half of [0, 8]) {
      assertEquals(new Set(digests.map((digest) => digest.slice(half, half + 8))).size > digests.length - 3, true);
    }
  });
});
