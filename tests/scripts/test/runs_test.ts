import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { findTestFiles, joinedTests, planRuns, USUAL_SECONDS } from "../../../scripts/test/runs.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const ROOT = fromFileUrl(new URL("../../..", import.meta.url));

const file = (path: string, bytes: number, startsEscp = false) => ({ path, bytes, startsEscp });
const alone = (path: string) => ({ name: path, files: [path], isQuick: false });

describe("planRuns", () => {
  it("puts quick files into one process and starts the largest of the others first", () => {
    const files = [
      file("tests/ui/a_test.ts", 9),
      file("tests/faults/b_test.ts", 1),
      file("tests/e2e/c_test.ts", 2, true),
      file("tests/d_test.ts", 1),
    ];
    assertEquals(planRuns(files), [
      { name: "quick tests", files: ["tests/ui/a_test.ts", "tests/d_test.ts"], isQuick: true },
      alone("tests/e2e/c_test.ts"),
      alone("tests/faults/b_test.ts"),
    ]);
    assertEquals(planRuns([]), []);
  });

  it("prefers measured times to sizes", () => {
    const files = [file("tests/e2e/large_test.ts", 9000, true), file("tests/e2e/slow_test.ts", 1, true)];
    const times = { "tests/e2e/large_test.ts": 2, "tests/e2e/slow_test.ts": 60 };
    assertEquals(planRuns(files, times), [alone("tests/e2e/slow_test.ts"), alone("tests/e2e/large_test.ts")]);
  });
});

describe("USUAL_SECONDS", () => {
  it("names existing files, which start before larger ones without measured times", async () => {
    const files = await findTestFiles(ROOT, Object.keys(USUAL_SECONDS));
    const large = file("tests/e2e/large_test.ts", 10_000, true);
    assertEquals(planRuns([large, ...files]).at(-1), alone(large.path));
  });
});

describe("joinedTests", () => {
  it("imports each file, relative to a directory or absolute", () => {
    assertEquals(
      joinedTests("/a b", ["c_test.ts", "/d/e_test.ts"]),
      'import "file:///a%20b/c_test.ts";\nimport "file:///d/e_test.ts";\n',
    );
  });
});

describe("findTestFiles", () => {
  it("finds test files at any depth, and files that are named", async () => {
    const escp = 'import { runEscp } from "../../support/escp/escp_command.ts";';
    await using tree = await createTempTree({ "a/b/c_test.ts": "123", "a/d.ts": "", "e_test.ts": escp, "f.ts": "" });
    assertEquals(await findTestFiles(tree.path, ["a/", "f.ts"]), [
      { path: "a/b/c_test.ts", bytes: 3, startsEscp: false },
      { path: "f.ts", bytes: 0, startsEscp: false },
    ]);
    assertEquals((await findTestFiles(tree.path, [tree.path])).toSorted((a, b) => a.bytes - b.bytes), [
      { path: `${tree.path}/a/b/c_test.ts`, bytes: 3, startsEscp: false },
      { path: `${tree.path}/e_test.ts`, bytes: escp.length, startsEscp: true },
    ]);
  });
});
