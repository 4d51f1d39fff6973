import { assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { benchmarkPage } from "../../../scripts/bench/benchmark_page.ts";
import { benchCases } from "../../../scripts/bench/cases.ts";

describe("benchmarkPage", () => {
  it("shows the median of each program, multiplied for smaller data", () => {
    const [item] = benchCases(100 << 20);
    const round = (wallSeconds: number) => ({ wallSeconds, cpuSeconds: 1 });
    const results = [
      { contender: "escp", rounds: [1, 3, 2].map(round), memory: {} },
      { contender: "scp", shrunk: 10, rounds: [round(1)], memory: {} },
    ];
    const page = benchmarkPage([{ item, results }], { machine: { cpu: "EPYC" }, startedAt: new Date(0) });
    assertStringIncludes(page, "<dt>cpu</dt><dd>EPYC</dd>");
    assertStringIncludes(page, '<td>escp</td><td class="number">2.000</td><td class="number">1.000</td>');
    assertStringIncludes(page, '<td>scp, 1/10 of it times 10</td><td class="number">10.000</td>');
  });
});
