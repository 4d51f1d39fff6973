import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { DeltaRates } from "../../../src/transfer/send/delta/delta_rates.ts";
import { workOf } from "../../../src/transfer/send/delta/unit_work.ts";
import type { RangedItem, WorkUnit } from "../../../src/streams/unit.ts";

const MIB = 1 << 20;

describe("the rates of delta transfer", () => {
  /** Returns whether files are sent whole after this traffic, each in a second of its own. */
  function isWholeFaster(digests: number, contents: number): boolean {
    let now = 0;
    const rates = new DeltaRates(() => now);
    for (const [kind, bytes] of [["digests", digests], ["contents", contents]] as const) {
      rates.begin(kind);
      // Units at the same time do not make the time longer.
      rates.begin(kind);
      now += 1000;
      rates.end(kind, bytes / 2);
      rates.end(kind, bytes / 2);
      now += 5000;
    }
    return rates.isWholeFaster;
  }

  it("prefer whole files if the link is faster than the digests", () => {
    assertEquals(isWholeFaster(100 * MIB, 101 * MIB), true);
    assertEquals(isWholeFaster(101 * MIB, 100 * MIB), false);
  });

  it("decide nothing without enough traffic of both kinds", () => {
    assertEquals(isWholeFaster(63 * MIB, 500 * MIB), false);
    assertEquals(isWholeFaster(0, 500 * MIB), false);
    assertEquals(new DeltaRates().isWholeFaster, false);
  });
});

describe("the work of a unit", () => {
  it("is that of the link for ranges and files in pieces, and none for small files and copies of old contents", () => {
    const old = [{ start: 0, end: MIB, old: 0, crc32: 0 }];
    const units: [Partial<WorkUnit>, ReturnType<typeof workOf>][] = [
      [{ type: "range" }, "contents"],
      [{ type: "range", segments: old }, undefined],
      [{ type: "pack", file: { path: "large" } as RangedItem }, "contents"],
      [{ type: "pack" }, undefined],
      [{ type: "signature" }, "digests"],
      [{ type: "scan" }, "search"],
      [{ type: "compare" }, undefined],
    ];
    for (const [unit, work] of units) assertEquals(workOf(unit as WorkUnit), work);
  });
});
