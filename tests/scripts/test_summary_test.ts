import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { countCases, failedCases, formatCounts } from "../../scripts/test_summary.ts";

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
  it("names cases and not the suites around them", () => {
    const junit = report({ "a": "failure", "a > b": "failure", "a > b > &quot;x&quot;": "failure", "c": "failure" });
    assertEquals(failedCases(junit), ['a > b > "x"', "c"]);
    assertEquals(failedCases(report({ "a": "failure", "a > x": "" })), ["a"]);
    assertEquals(failedCases(report({ "a": "", "b": "skipped" })), []);
  });
});

describe("formatCounts", () => {
  it("is one line", () => {
    assertEquals(formatCounts({ passed: 3, failed: 2, skipped: 1 }), "3 passed, 2 failed, 1 skipped");
  });
});
