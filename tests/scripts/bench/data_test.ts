import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  changeBlocks,
  compareSparseFiles,
  createSparseFile,
  insertBytes,
  logNormalSizes,
} from "../../../scripts/bench/data.ts";
import { equals } from "../../../src/bytes.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

describe("logNormalSizes", () => {
  const sizes = logNormalSizes(1000, 2 ** 30);

  it("returns reproducible sizes with the given total", () => {
    assertEquals(sizes.length, 1000);
    assertEquals(sizes.reduce((a, b) => a + b), 2 ** 30);
    assert(sizes.every((size) => Number.isInteger(size) && size >= 0));
    assertEquals(logNormalSizes(1000, 2 ** 30), sizes);
  });

  it("has most files small and most bytes in large ones", () => {
    const median = sizes.toSorted((a, b) => a - b)[500];
    const mean = 2 ** 30 / 1000;
    assert(median < mean / 4, `${median}`);
    const large = sizes.filter((size) => size > mean);
    assert(large.length < 300 && large.reduce((a, b) => a + b) > 2 ** 29);
  });
});

describe("changeBlocks", () => {
  it("changes every hundredth block", async () => {
    await using directory = await createTempDirectory();
    const [path, old] = [`${directory.path}/new`, `${directory.path}/old`];
    const bytes = randomBytes(201 << 16, 1);
    await Deno.writeFile(path, bytes);
    await changeBlocks(path, old);
    const before = await Deno.readFile(old);
    assertEquals(before.length, bytes.length);
    const differs = (block: number) => {
      const [start, end] = [block << 16, (block + 1) << 16];
      return !equals(before.subarray(start, end), bytes.subarray(start, end));
    };
    assertEquals([...Array(201).keys()].filter(differs), [50, 150]);
  });
});

describe("insertBytes", () => {
  it("leaves 10 bytes out of the old version", async () => {
    await using directory = await createTempDirectory();
    const [path, old] = [`${directory.path}/new`, `${directory.path}/old`];
    const bytes = randomBytes((2 << 20) + 5, 1);
    await Deno.writeFile(path, bytes);
    await insertBytes(path, old);
    const before = await Deno.readFile(old);
    assert(equals(before.subarray(0, 1 << 20), bytes.subarray(0, 1 << 20)));
    assert(equals(before.subarray(1 << 20), bytes.subarray((1 << 20) + 10)));
  });
});

describe("compareSparseFiles", () => {
  it("reports a different size and a different piece", async () => {
    await using directory = await createTempDirectory();
    const [a, b] = [`${directory.path}/a`, `${directory.path}/b`];
    await createSparseFile(a, 16 << 20, 3);
    await createSparseFile(b, 16 << 20, 3);
    assertEquals(await compareSparseFiles(a, b, 3), undefined);
    using file = await Deno.open(b, { write: true });
    // The pieces are 5 MiB apart.
    await file.seek((5 << 20) + 17, Deno.SeekMode.Start);
    await file.write(new Uint8Array([0, 0]));
    assert((await compareSparseFiles(a, b, 3))?.includes("differs"));
    await file.truncate(15 << 20);
    assertEquals(await compareSparseFiles(a, b, 3), `has ${15 << 20} bytes, expected ${16 << 20}`);
  });
});
