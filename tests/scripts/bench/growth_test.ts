import { assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { benchCases } from "../../../scripts/bench/cases.ts";
import { doublings } from "../../../scripts/bench/growth.ts";
import type { CaseResults } from "../../../scripts/bench/table.ts";

function resultsOf(name: string, seconds: number[]): CaseResults[] {
  const items = benchCases(1 << 20).filter((item) => item.name === name);
  return items.map((item, index) => ({
    item,
    results: [{ contender: "escp", rounds: [{ wallSeconds: seconds[index], cpuSeconds: 0 }], memory: {} }],
  }));
}

describe("doublings", () => {
  it("compares each case of a series with the one before it", () => {
    const ratios = doublings(resultsOf("growth-bytes", [1, 2, 5, 5])).map(({ ratio }) => ratio);
    assertEquals(ratios, [2, 2.5, 1]);
  });

  it("ignores other series and cases outside of a series", () => {
    const finished = [
      ...resultsOf("one-file", [7]),
      ...resultsOf("growth-bytes", [1, 2, 4, 8]),
      ...resultsOf("growth-files", [3, 6, 12, 24]),
    ];
    const found = doublings(finished);
    assertEquals(found.length, 6);
    for (const { ratio } of found) assertAlmostEquals(ratio!, 2);
  });
});
