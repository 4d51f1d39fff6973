import { assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { add, blockCosts, costsOf, fitLine, medianOf, scale, total } from "../../../../scripts/bench/model/costs.ts";
import { sampleCosts } from "./sample_costs.ts";

describe("sums of stages", () => {
  it("add stages that only one side has", () => {
    assertEquals(add({ a: 1 }, { a: 2, b: 3 }), { a: 3, b: 3 });
    assertEquals(scale({ a: 1, b: 2 }, 3), { a: 3, b: 6 });
    assertEquals(total({ a: 1, b: 2 }), 3);
    assertEquals(total({}), 0);
  });
});

describe("fitLine", () => {
  const sample = (bytes: number, seconds: number) => ({
    bytes,
    ends: { send: { a: seconds }, receive: { b: seconds } },
  });

  it("returns both sizes as they were measured", () => {
    const line = fitLine(sample(100, 3), sample(300, 7));
    for (const [bytes, seconds] of [[100, 3], [300, 7], [200, 5], [0, 1]]) {
      assertAlmostEquals(costsOf(line, bytes).send.a, seconds);
      assertAlmostEquals(costsOf(line, bytes).receive.b, seconds);
    }
  });

  it("has no negative costs", () => {
    assertEquals(fitLine(sample(100, 3), sample(200, 2)).perByte.send.a, 0);
    assertEquals(fitLine(sample(100, 1), sample(200, 3)).perItem.send.a, 0);
  });
});

describe("blockCosts", () => {
  it("returns measured sizes, and sizes between them", () => {
    const costs = sampleCosts();
    assertEquals(blockCosts(costs, 8 << 20), costs.blocks[8 << 20]);
    assertAlmostEquals(total(blockCosts(costs, 1 << 19).send), 0.0005);
  });
});

describe("medianOf", () => {
  it("returns the median of each number", () => {
    const all = [{ a: 1, b: { c: 30 } }, { a: 3, b: { c: 10 } }, { a: 2, b: { c: 20 } }];
    assertEquals(medianOf(all), { a: 2, b: { c: 20 } });
  });

  it("keeps other values of the first measurement", () => {
    assertEquals(medianOf([{ copied: true, at: 1 }, { copied: false, at: 3 }]), { copied: true, at: 2 });
    assertEquals(medianOf([{ at: undefined }, { at: undefined }]), { at: undefined });
  });
});
