import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RandomBytes, randomBytes, randomTree, writeRandomFile } from "./random_bytes.ts";
import { createTempDirectory } from "./temp.ts";

describe("RandomBytes", () => {
  it("returns the same bytes for the same seed only", () => {
    assertEquals(randomBytes(1000, "a"), randomBytes(1000, "a"));
    assertNotEquals(randomBytes(1000, "a"), randomBytes(1000, "b"));
    assertNotEquals(randomBytes(1000, 1), randomBytes(1000, 2));
  });

  it("returns the same bytes in pieces", () => {
    const whole = randomBytes(103, 7);
    const pieces = new Uint8Array(104).subarray(1);
    const random = new RandomBytes(7);
    for (const [start, end] of [[0, 4], [4, 24], [24, 24], [24, 103]]) random.fill(pieces.subarray(start, end));
    assertEquals(pieces, whole);
  });

  it("returns each byte about equally often", () => {
    const counts = new Uint32Array(256);
    for (const byte of randomBytes(256 * 1000)) counts[byte]++;
    assert(counts.every((count) => count > 800 && count < 1200));
  });

  it("returns each number below a limit", () => {
    const random = new RandomBytes("limit");
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(7)));
    assertEquals([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("writeRandomFile", () => {
  it("writes the bytes of randomBytes, beyond one block", async () => {
    await using directory = await createTempDirectory();
    const size = (2 << 20) + 5;
    await writeRandomFile(`${directory.path}/a`, size, "seed");
    assertEquals(await Deno.readFile(`${directory.path}/a`), randomBytes(size, "seed"));
  });
});

describe("randomTree", () => {
  it("returns the same tree for the same seed only", () => {
    const shape = { files: 100, directories: 20, maxBytes: 1000, seed: 1 };
    assertEquals(randomTree(shape), randomTree(shape));
    assertNotEquals(randomTree(shape), randomTree({ ...shape, seed: 2 }));
    assertEquals(Object.keys(randomTree(shape)).length, 120);
  });
});
