import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { benchCases } from "../../../scripts/bench/cases.ts";
import { cpuRatios, formatCpuRatios } from "../../../scripts/bench/cpu_ratio.ts";
import type { CaseResults } from "../../../scripts/bench/table.ts";

function resultsOf(name: string, cpu: Record<string, number[]>): CaseResults {
  const item = benchCases(1 << 20).find((item) => item.name === name)!;
  const results = Object.entries(cpu).map(([contender, seconds]) => ({
    contender,
    rounds: seconds.map((cpuSeconds) => ({ wallSeconds: 1, cpuSeconds })),
    memory: {},
  }));
  return { item, results };
}

describe("cpuRatios", () => {
  it("compares each round of the last contender with that of the first one", () => {
    const finished = [
      resultsOf("one-file", { escp: [1], scp: [2] }),
      resultsOf("report-large", { escp: [2, 4, 5], "escp --report": [3, 4] }),
    ];
    assertEquals(cpuRatios(finished).map(({ ratios }) => ratios), [[1.5, 1]]);
    assertEquals(
      formatCpuRatios(cpuRatios(finished)),
      "- one random file of 1 MiB, push, with a report: " +
        "escp --report takes 1.250 times the processor time of escp (median of 2 pairs, 1.000 to 1.500)",
    );
  });

  it("has no ratio of a contender that has failed", () => {
    const text = formatCpuRatios(cpuRatios([resultsOf("report-small", { escp: [2], "escp --report": [] })]));
    assertEquals(text.endsWith("takes - times the processor time of escp (median of 0 pairs, - to -)"), true);
  });
});

describe("the cases of reports", () => {
  it("write the report beside the copy", () => {
    const { contenders } = benchCases(1 << 20).find(({ name }) => name === "report-small")!;
    const places = {
      ...{ entry: "many", direction: "push" as const, recursive: true, source: "/s", target: "/t" },
      ...{ sshConfig: "/c", port: 22, escp: "/escp", dataOptions: [] },
    };
    assertEquals(contenders.map((contender) => contender.command(places)), [
      ["/escp", "-q", "-F", "/c", "-r", "/s/many", "testhost:/t/"],
      ["/escp", "--report", "/t/report.html", "-q", "-F", "/c", "-r", "/s/many", "testhost:/t/"],
    ]);
  });
});
