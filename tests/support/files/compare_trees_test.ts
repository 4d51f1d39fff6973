import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { compareFiles, compareTrees } from "./compare_trees.ts";
import { randomBytes, randomTree } from "./random_bytes.ts";
import { createTempTree } from "./temp_tree.ts";

const BLOCK = 1 << 20;

describe("compareTrees", () => {
  it("reports nothing for equal trees", async () => {
    const shape = { files: 40, directories: 10, maxBytes: 50_000, seed: "equal" };
    await using a = await createTempTree({
      ...randomTree(shape),
      "link": { link: "nowhere" },
      "empty": { directory: true },
    });
    await using b = await createTempTree({
      ...randomTree(shape),
      "link": { link: "nowhere" },
      "empty": { directory: true },
    });
    assertEquals(await compareTrees(a.path, b.path, { modes: true, owners: true }), []);
  });

  it("reports each kind of difference", async () => {
    await using a = await createTempTree({
      "missing": "x",
      "missing directory": { directory: true },
      "kind": "x",
      "deep/directory/content": "abcdef",
      "size": "abc",
      "link": { link: "one" },
    });
    await using b = await createTempTree({
      "extra": "x",
      "kind": { directory: true },
      "deep/directory/content": "abcdeF",
      "size": "ab",
      "link": { link: "two" },
    });
    assertEquals(await compareTrees(a.path, b.path), [
      "deep/directory/content: differs at byte 5",
      "extra: not expected, is a file",
      "kind: is a directory, expected a file",
      'link: links to "two", expected "one"',
      "missing: missing, expected a file",
      "missing directory: missing, expected a directory",
      "size: has 2 bytes, expected 3",
    ]);
  });

  it("distinguishes a link to an equal file from a file", async () => {
    await using a = await createTempTree({ "file": "x", "other": "x" });
    await using b = await createTempTree({ "file": { link: "other" }, "other": "x" });
    assertEquals(await compareTrees(a.path, b.path), ["file: is a link, expected a file"]);
  });

  it("compares modes and times on request, in the requested unit", async () => {
    const content = "x";
    await using a = await createTempTree({ "a": { content, mode: 0o640, mtime: new Date(5_000_000_000_123) } });
    await using b = await createTempTree({ "a": { content, mode: 0o600, mtime: new Date(5_000_000_000_124) } });
    const [x, y] = [`${a.path}/a`, `${b.path}/a`];
    assertEquals(await compareTrees(x, y), []);
    assertEquals(await compareTrees(x, y, { modes: true }), [".: mode is 600, expected 640"]);
    assertEquals(await compareTrees(x, y, { mtimes: "s" }), []);
    assertMatch(
      (await compareTrees(x, y, { mtimes: "ms" })).join(),
      /^\.: mtime is 5000000000124 ms, expected .*123 ms$/,
    );
    if (Deno.build.os === "linux") assertEquals((await compareTrees(x, y, { mtimes: "ns" })).length, 1);
  });
});

describe("compareFiles", () => {
  for (const size of [0, 1, 3, 4, BLOCK - 1, BLOCK, BLOCK + 1]) {
    it(`reports a change of the first and the last byte of ${size}`, async () => {
      const same = randomBytes(size);
      await using tree = await createTempTree({ a: same, b: same });
      assertEquals(compareFiles(`${tree.path}/a`, `${tree.path}/b`), undefined);
      for (const at of size === 0 ? [] : [0, size - 1]) {
        const changed = same.slice();
        changed[at] ^= 1;
        await Deno.writeFile(`${tree.path}/b`, changed);
        assertEquals(compareFiles(`${tree.path}/a`, `${tree.path}/b`), `differs at byte ${at}`);
      }
    });
  }
});
