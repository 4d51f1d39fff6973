import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { benchCases } from "../../../scripts/bench/cases.ts";
import { median } from "../../../scripts/bench/measure.ts";
import { formatTable } from "../../../scripts/bench/table.ts";

describe("median", () => {
  it("is the middle value, or the mean of the two middle values", () => {
    assertEquals(median([3, 1, 2]), 2);
    assertEquals(median([4, 1, 2, 3]), 2.5);
    assertEquals(median([7]), 7);
    assertEquals(median([10, 9, 100]), 10);
  });
});

describe("formatTable", () => {
  const [item] = benchCases(100e6);
  const rounds = (...seconds: number[]) => seconds.map((wallSeconds) => ({ wallSeconds, cpuSeconds: wallSeconds / 2 }));

  it("shows medians and the speed relative to scp", () => {
    const table = formatTable({
      item,
      results: [
        { contender: "escp", rounds: rounds(1, 2, 1), memory: { local: 2 ** 20, remote: 2 ** 21 } },
        { contender: "scp", rounds: rounds(4, 3, 5), memory: {} },
      ],
    });
    const [, , head, , escp, scp] = table.split("\n").map((line) =>
      line.split("|").slice(1, -1).map((cell) => cell.trim())
    );
    assertEquals(head, ["", "seconds", "fastest", "MB/s", "x scp", "CPU s", "MiB local", "MiB remote"]);
    assertEquals(escp, ["escp", "1.000", "1.000", "100", "4.00", "0.50", "1", "2"]);
    assertEquals(scp, ["scp", "4.000", "3.000", "25", "1.00", "2.00", "-", "-"]);
  });

  it("multiplies the time of a contender with smaller data, with a remark", () => {
    const part = { contender: "scp", shrunk: 10, rounds: rounds(2), memory: {} };
    const row = formatTable({ item, results: [part] }).split("\n")[4];
    assertEquals(row.split("|").slice(1, 5).map((cell) => cell.trim()), [
      "scp, 1/10 of it times 10",
      "20.000",
      "20.000",
      "-",
    ]);
  });

  it("shows the size of a sparse file on disk", () => {
    const allocated = { source: 2 ** 20, target: 3 * 2 ** 20 };
    const table = formatTable({ item, results: [{ contender: "escp", rounds: rounds(1), memory: {}, allocated }] });
    assertStringIncludes(table, "- escp: takes 3 MiB, its source 1 MiB");
  });

  it("shows contenders that failed, with the reason", () => {
    const failure = "rsync is not installed";
    const table = formatTable({ item, results: [{ contender: "rsync -a", rounds: [], memory: {}, failure }] });
    assertStringIncludes(table, "- rsync -a: rsync is not installed");
    assertStringIncludes(table, "| rsync -a |       - |");
  });
});
