import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RandomBytes, randomBytes, randomTree, writeRandomFile } from "./random_bytes.ts";
import { createTempDirectory } from "./temp.ts";

describe("RandomBytes", () => {
  it("gives the same bytes for the same seed and others for another", () => {
    assertEquals(randomBytes(1000, "a"), randomBytes(1000, "a"));
    assertNotEquals(randomBytes(1000, "a"), randomBytes(1000, "b"));
    assertNotEquals(randomBytes(1000, 1), randomBytes(1000, 2));
  });

  it("gives the same bytes however they are cut", () => {
    const whole = randomBytes(103, 7);
    const pieces = new Uint8Array(104).subarray(1);
    const random = new RandomBytes(7);
    for (const [start, end] of [[0, 4], [4, 24], [24, 24], [24, 103]]) random.fill(pieces.subarray(start, end));
    assertEquals(pieces, whole);
  });

  it("gives every byte about as often", () => {
    const counts = new Uint32Array(256);
    for (const byte of randomBytes(256 * 1000)) counts[byte]++;
    assert(counts.every((count) => count > 800 && count < 1200));
  });

  it("gives numbers below a limit, and each of them", () => {
    const random = new RandomBytes("limit");
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(7)));
    assertEquals([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("writeRandomFile", () => {
  it("writes what randomBytes gives, over block limits", async () => {
    await using directory = await createTempDirectory();
    const size = (2 << 20) + 5;
    await writeRandomFile(`${directory.path}/a`, size, "seed");
    assertEquals(await Deno.readFile(`${directory.path}/a`), randomBytes(size, "seed"));
  });
});

describe("randomTree", () => {
  it("is the same for the same seed", () => {
    const shape = { files: 100, directories: 20, maxBytes: 1000, seed: 1 };
    assertEquals(randomTree(shape), randomTree(shape));
    assertNotEquals(randomTree(shape), randomTree({ ...shape, seed: 2 }));
    assertEquals(Object.keys(randomTree(shape)).length, 120);
  });
});
