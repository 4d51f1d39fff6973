import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { inParallel } from "../../scripts/in_parallel.ts";
import { findTestFiles, planRuns } from "../../scripts/test_runs.ts";
import { createTempTree } from "../support/temp_tree.ts";

describe("planRuns", () => {
  it("runs quick files together, and the others one by one, the largest first", () => {
    const sizes = { "tests/ui/a_test.ts": 9, "tests/e2e/b_test.ts": 1, "tests/e2e/c_test.ts": 2, "tests/d_test.ts": 1 };
    assertEquals(planRuns(Object.entries(sizes).map(([path, bytes]) => ({ path, bytes }))), [
      { name: "the quick ones", files: ["tests/ui/a_test.ts", "tests/d_test.ts"] },
      { name: "tests/e2e/c_test.ts", files: ["tests/e2e/c_test.ts"] },
      { name: "tests/e2e/b_test.ts", files: ["tests/e2e/b_test.ts"] },
    ]);
    assertEquals(planRuns([]), []);
  });
});

describe("findTestFiles", () => {
  it("finds each file that has tests, at any depth, and what is named", async () => {
    await using tree = await createTempTree({ "a/b/c_test.ts": "123", "a/d.ts": "", "e_test.ts": "1", "f.ts": "" });
    const root = new URL(`file://${tree.path}/`);
    const found = await findTestFiles(root, ["a/", "f.ts"]);
    assertEquals(found, [{ path: "a/b/c_test.ts", bytes: 3 }, { path: "f.ts", bytes: 0 }]);
    assertEquals((await findTestFiles(root, [tree.path])).map(({ path }) => path).sort(), [
      `${tree.path}/a/b/c_test.ts`,
      `${tree.path}/e_test.ts`,
    ]);
  });
});

describe("inParallel", () => {
  it("works on as many as it may at a time, and has the results in order", async () => {
    let [running, most] = [0, 0];
    const results = await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++running);
      for (let turn = item; turn < 7; turn++) await Promise.resolve();
      running--;
      return item * 10;
    });
    assertEquals([results, most], [[10, 20, 30, 40, 50], 2]);
    assertEquals(await inParallel([], 3, () => Promise.resolve(1)), []);
  });
});
