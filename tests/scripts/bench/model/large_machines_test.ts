import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { predictLarge, type Scenario, scenarios, techniques } from "../../../../scripts/bench/model/large_machines.ts";
import { sampleCosts } from "./sample_costs.ts";

const GIB = 2 ** 30;
const scenario: Scenario = {
  gigabitsPerSecond: 1e6,
  cores: 32,
  streams: 8,
  files: 8,
  roundTripSeconds: 0,
  blockBytes: 1 << 20,
};
const technique = (name: string) => techniques().find((each) => each.name === name)!;

describe("predictLarge", () => {
  // Each thread moves one MiB per millisecond.
  it("is limited by the threads of the streams", () => {
    const { bytesPerSecond, limit, cpuSecondsPerGib } = predictLarge(sampleCosts(), scenario)!;
    assertAlmostEquals(bytesPerSecond, 8 * 1000 * 2 ** 20, 0.02 * 8e9);
    assertEquals(limit.replace(/ of the .*/, ""), "thread");
    assertAlmostEquals(cpuSecondsPerGib, 2 * 1.024);
  });

  it("is limited by the lock of a single file", () => {
    const { bytesPerSecond, limit } = predictLarge(sampleCosts(), { ...scenario, files: 1 })!;
    assertAlmostEquals(bytesPerSecond, 2000 * 2 ** 20, 0.02 * 2e9);
    assertEquals(limit, "lock of the file");
  });

  it("is limited by the link", () => {
    const { bytesPerSecond, limit, used } = predictLarge(sampleCosts(), { ...scenario, gigabitsPerSecond: 8 })!;
    assertAlmostEquals(bytesPerSecond, 1e9, 0.02e9);
    assertEquals(limit, "link");
    assert(used > 0.98);
  });

  it("is limited by one window per round trip and stream", () => {
    const { bytesPerSecond, limit } = predictLarge(sampleCosts(), { ...scenario, roundTripSeconds: 0.1 })!;
    assertAlmostEquals(bytesPerSecond, 8 * (4 << 20) / 0.1, 0.06 * 8 * (4 << 20) / 0.1);
    assertEquals(limit, "window and round trip");
  });

  it("is never faster than the link", () => {
    for (const each of scenarios()) {
      const { bytesPerSecond } = predictLarge(sampleCosts(), each)!;
      assert(bytesPerSecond * 8 <= each.gigabitsPerSecond * 1e9 * (1 + 1e-9));
    }
  });
});

describe("techniques", () => {
  it("change the processor time of their stage only", () => {
    const cpu = (name: string) => predictLarge(sampleCosts(), scenario, technique(name))!.cpuSecondsPerGib;
    // A quarter of the work is receiving, and a quarter is sending.
    assertAlmostEquals(cpu("threads bound to the cores of their sockets"), 2.048 * 7 / 8);
    assertAlmostEquals(cpu("MSG_ZEROCOPY, without a copy"), 2.048 * 7 / 8);
    assertAlmostEquals(cpu("MSG_ZEROCOPY, if the kernel copies"), 2.048 * 9 / 8);
  });

  it("are unknown without measurements of a disk", () => {
    assertEquals(predictLarge(sampleCosts(), scenario, technique("O_DIRECT reads, several in flight")), undefined);
    assertEquals(predictLarge(sampleCosts(), scenario, technique("O_DIRECT writes, one at a time")), undefined);
  });

  it("wait for the disk only with one read at a time", () => {
    const costs = sampleCosts();
    costs.techniques.directRead = { cpu: 0.0001, elapsed: 0.0021, inFlight: 0.0005 };
    const rate = (name: string) => predictLarge(costs, scenario, technique(name))!.bytesPerSecond;
    assertAlmostEquals(rate("O_DIRECT reads, one at a time"), 8 * 2 ** 20 / 0.0026, 0.03 * 8 * 2 ** 20 / 0.0026);
    assertAlmostEquals(rate("O_DIRECT reads, several in flight"), 8 * 2 ** 20 / 0.001, 0.03 * 8 * 2 ** 20 / 0.001);
  });

  it("lift the lock of a file with direct writes", () => {
    const costs = sampleCosts();
    costs.techniques.directWrite = { cpu: 0.0001, elapsed: 0.0001 };
    const one = { ...scenario, files: 1 };
    const before = predictLarge(costs, one)!.bytesPerSecond;
    const after = predictLarge(costs, one, technique("O_DIRECT writes, several in flight"))!.bytesPerSecond;
    assert(after > 3 * before, `${after / GIB} GiB/s after ${before / GIB} GiB/s`);
  });
});
