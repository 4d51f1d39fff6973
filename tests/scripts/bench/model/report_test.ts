import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { modelCases, USUAL_SIZES } from "../../../../scripts/bench/model/cases.ts";
import {
  formatBlocks,
  formatCheck,
  formatFiles,
  formatMeasuredTechniques,
  formatRows,
  formatTechniques,
} from "../../../../scripts/bench/model/report.ts";
import { sampleCosts } from "./sample_costs.ts";

const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());

describe("formatRows", () => {
  it("aligns all columns but the first to the right", () => {
    assertEquals(formatRows([["a", "value"], ["long name", "1"]]).split("\n"), [
      "| a         | value |",
      "| --------- | ----: |",
      "| long name |     1 |",
    ]);
  });
});

describe("tables of costs", () => {
  it("show the stages of blocks by size, and their sums", () => {
    const lines = formatBlocks(sampleCosts()).split("\n");
    assertEquals(cells(lines[0]), ["stage, in us per block", "64 KiB", "1 MiB", "8 MiB", "s/GiB"]);
    assertEquals(cells(lines[2]), ["send: read file", "31", "500", "4000", "0.51"]);
    assertEquals(cells(lines[4]), ["send: all", "63", "1000", "8000", "1.02"]);
  });

  it("show the stages of files by size", () => {
    const lines = formatFiles(sampleCosts()).split("\n");
    assertEquals(cells(lines[2]), ["send: walk", "10.0", "10.0", "-"]);
    assertEquals(cells(lines[4]), ["send: all", "10.0", "10.0", "1000.0"]);
  });

  it("omit the disk if it was not measured", () => {
    const text = formatMeasuredTechniques(sampleCosts());
    assertStringIncludes(text, "| send(2) with MSG_ZEROCOPY, the kernel copied");
    assertEquals(text.includes("O_DIRECT"), false);
  });
});

describe("formatCheck", () => {
  it("compares the medians, and each round with its own prediction", () => {
    const [item] = modelCases(USUAL_SIZES);
    const predictions = [2, 3, 1].map((seconds) => ({ seconds, cpuSeconds: 3 }));
    const measured = [2, 4, 2.5].map((wallSeconds) => ({ wallSeconds, cpuSeconds: 4 }));
    assertEquals(cells(formatCheck([{ item, predictions, measured }]).split("\n")[2]), [
      "one file of 2048 MiB",
      "2.00 s",
      "2.50 s",
      "0.75",
      "0.40 to 1.00",
      "3.00 s",
      "4.00 s",
      "0.75",
    ]);
  });
});

describe("formatTechniques", () => {
  it("shows changes relative to the first row, and what was not measured", () => {
    const prediction = (bytesPerSecond: number, cpuSecondsPerGib: number) => [
      { bytesPerSecond, cpuSecondsPerGib, limit: "link", used: 1 },
    ];
    const text = formatTechniques(["fast"], [
      { name: "escp", predictions: prediction(1e9, 2) },
      { name: "better", predictions: prediction(1.5e9, 1) },
      { name: "unknown", predictions: [undefined] },
    ]);
    assertEquals(text.split("\n").slice(2).map(cells), [
      ["escp", "1.0", "2.00"],
      ["better", "1.5 (+50 %)", "1.00 (-50 %)"],
      ["unknown", "-", "-"],
    ]);
  });
});
