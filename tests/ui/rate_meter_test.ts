import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { addSample, type RateMeter, rateOf, SETTLE_MS, WINDOW_MS } from "../../src/ui/rate_meter.ts";

/** Returns a meter with a sample every `stepMs` from 0 to `endMs`, at `perMs` bytes per millisecond. */
function steady(endMs: number, stepMs: number, perMs: number): RateMeter {
  let meter: RateMeter = [];
  for (let atMs = 0; atMs <= endMs; atMs += stepMs) meter = addSample(meter, { atMs, bytes: atMs * perMs });
  return meter;
}

describe("rateOf", () => {
  it("returns undefined before the minimum time", () => {
    assertEquals(rateOf([], 0), undefined);
    const meter = addSample([], { atMs: 0, bytes: 0 });
    assertEquals(rateOf(meter, SETTLE_MS - 1), undefined);
    assertEquals(rateOf(meter, SETTLE_MS), 0);
  });

  it("returns bytes per second", () => {
    for (const stepMs of [1, 99, 100, 250, 1000]) {
      const endMs = 10_000 - 10_000 % stepMs;
      assertAlmostEquals(rateOf(steady(endMs, stepMs, 7), endMs)!, 7000, 200, `every ${stepMs} ms`);
    }
  });

  it("does not count the bytes of the first sample", () => {
    const meter = addSample(addSample([], { atMs: 0, bytes: 1e12 }), { atMs: 2000, bytes: 1e12 + 2000 });
    assertEquals(rateOf(meter, 2000), 1000);
  });

  it("ignores samples before the window", () => {
    let meter = steady(20_000, 100, 1000);
    for (let atMs = 20_100; atMs <= 20_000 + 2 * WINDOW_MS; atMs += 100) {
      meter = addSample(meter, { atMs, bytes: 20_000_000 + (atMs - 20_000) });
    }
    assertAlmostEquals(rateOf(meter, 20_000 + 2 * WINDOW_MS)!, 1000, 1);
  });

  it("falls to 0 without progress", () => {
    const meter = steady(5000, 100, 1000);
    const rates = [0, 1000, 2000, 3000, WINDOW_MS].map((later) => Math.round(rateOf(meter, 5000 + later)!));
    assertEquals(rates, [1_000_000, 750_000, 500_000, 250_000, 0]);
  });

  it("keeps a limited number of samples", () => assert(steady(20_000, 1, 1).length <= WINDOW_MS / 100 + 3));
});
