import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  countCases,
  failedCases,
  formatCounts,
  formatEnd,
  formatFailure,
  lastLines,
} from "../../../scripts/test/summary.ts";

function report(cases: Record<string, "" | "failure" | "skipped">): string {
  const lines = Object.entries(cases).map(([name, outcome]) =>
    `<testcase name="${name.replaceAll(">", "&gt;")}" classname="x" time="0.1" line="1" col="2">` +
    `${outcome ? `<${outcome} message="1 &lt;/testcase&gt;">text</${outcome}>` : ""}\n</testcase>`
  );
  return `<?xml version="1.0"?>\n<testsuites tests="9"><testsuite>\n${lines.join("\n")}\n</testsuite></testsuites>`;
}

describe("countCases", () => {
  it("counts cases and not the suites around them", () => {
    const junit = report({
      "a": "failure",
      "a > x": "",
      "a > b": "failure",
      "a > b > y": "failure",
      "a > z": "skipped",
    });
    assertEquals(countCases(junit), { passed: 1, failed: 1, skipped: 1 });
  });

  it("counts a suite that failed although its cases did not", () => {
    assertEquals(countCases(report({ "a": "failure", "a > x": "" })), { passed: 1, failed: 1, skipped: 0 });
  });

  it("counts tests without a suite", () => {
    assertEquals(countCases(report({ "a": "", "b": "", "c": "skipped" })), { passed: 2, failed: 0, skipped: 1 });
  });

  it("finds nothing in an empty report", () => {
    assertEquals(countCases(report({})), { passed: 0, failed: 0, skipped: 0 });
  });
});

describe("failedCases", () => {
  const names = (junit: string) => failedCases(junit).map(({ name }) => name);

  it("names cases and not the suites around them", () => {
    const junit = report({ "a": "failure", "a > b": "failure", "a > b > &quot;x&quot;": "failure", "c": "failure" });
    assertEquals(names(junit), ['a > b > "x"', "c"]);
    assertEquals(names(report({ "a": "failure", "a > x": "" })), ["a"]);
    assertEquals(names(report({ "a": "", "b": "skipped" })), []);
  });

  it("contains the text of the failure without its markup", () => {
    const body = '<failure message="Error: &lt;x&gt;">Error: 1 &lt; 2 &amp;amp;\n    at f\n</failure>\n';
    const junit = `<testcase name="a" classname="x">${body}</testcase>`;
    assertEquals(failedCases(junit), [{ name: "a", text: "Error: 1 < 2 &amp;\n    at f" }]);
  });
});

describe("formatFailure", () => {
  const FRAME = "Error: x\n    at a (file:///w/src/a.ts:1:2)\n    at file:///w/tests/ui/b_test.ts:3:4";

  it("names the file of a run of one file, or that in the stack, or the run", () => {
    const format = (run: string, text: string) => formatFailure(run, { name: "s > c", text }).split("\n")[0];
    assertEquals(format("tests/a_test.ts", FRAME), "tests/a_test.ts: s > c");
    assertEquals(format("quick tests", FRAME), "tests/ui/b_test.ts: s > c");
    assertEquals(format("quick tests", "Error"), "quick tests: s > c");
  });

  it("indents at most 40 lines, so that other lines are names", () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => index % 2 === 0 ? `${index}` : "");
    const format = (count: number) => formatFailure("r", { name: "c", text: lines(count).join("\n") }).split("\n");
    const shown = lines(40).map((line) => line && `  ${line}`);
    assertEquals(format(40), ["r: c", ...shown]);
    assertEquals(format(42), ["r: c", ...shown, "  ... (2 more lines)"]);
  });
});

describe("lastLines", () => {
  it("returns the last 40 lines", () => {
    const lines = Array.from({ length: 41 }, (_, index) => `${index}`);
    assertEquals(lastLines(lines.join("\n") + "\n"), lines.slice(1).join("\n"));
    assertEquals(lastLines("a\n"), "a");
  });
});

describe("formatEnd", () => {
  it("repeats the names of failures before the last line", () => {
    assertEquals(
      formatEnd(["a: s > c\n  Error", "b: d\n  Error"], { passed: 1, failed: 2, skipped: 0 }),
      "\na: s > c\n  Error\n\nb: d\n  Error\n\nFailed:\n  a: s > c\n  b: d\n1 passed, 2 failed, 0 skipped",
    );
    assertEquals(formatEnd([], { passed: 1, failed: 0, skipped: 0 }), "1 passed, 0 failed, 0 skipped");
  });
});

describe("formatCounts", () => {
  it("is one line", () => {
    assertEquals(formatCounts({ passed: 3, failed: 2, skipped: 1 }), "3 passed, 2 failed, 1 skipped");
  });
});
