import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ReportedTexts } from "../../src/transfer/reported_texts.ts";

describe("ReportedTexts", () => {
  it("reports each text once", () => {
    const told = new ReportedTexts({ texts: 10, units: 100 });
    assertEquals(["a", "b", "a"].map((text) => told.add(text)), [true, true, false]);
  });

  it("treats texts beyond its limits as new each time", () => {
    const few = new ReportedTexts({ texts: 2, units: 100 });
    assertEquals(["a", "b", "c", "c", "a"].map((text) => few.add(text)), [true, true, true, true, false]);
    const short = new ReportedTexts({ texts: 10, units: 5 });
    assertEquals(["aaa", "bbb", "bbb", "cc", "cc"].map((text) => short.add(text)), [true, true, true, true, false]);
  });
});
