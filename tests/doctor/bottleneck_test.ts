import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type BottleneckFacts } from "../../src/doctor/step.ts";
import { findBottlenecks } from "../../src/doctor/bottleneck.ts";
import type { Facts } from "../../src/doctor/step.ts";
import { disk, factsWith, MB, SYSTEM, throughput } from "./facts.ts";

const push = (changes: Partial<Facts>) => factsWith({ throughput: PUSH, ...changes });
const PUSH = [throughput("push", 1, 1000 * MB), throughput("push", 4, 1000 * MB)];
const busy = { coresHere: 1, coresThere: 0.9 };

/** What is found for a push. */
const CASES: [name: string, facts: Facts, expected: Partial<BottleneckFacts>][] = [
  ["the network, when several streams are as fast as one", push({}), { what: "network" }],
  [
    "each stream, when several are faster",
    push({
      throughput: [throughput("push", 1, 100 * MB), throughput("push", 4, 390 * MB)],
    }),
    { what: "one stream", bytesPerSecond: 390 * MB },
  ],
  ["the disk there that writes slowly", push({ disk: { there: disk(200 * MB, 3000 * MB) } }), {
    what: "disk",
    end: "there",
    bytesPerSecond: 200 * MB,
  }],
  ["the disk here that reads slowly", push({ disk: { here: disk(3000 * MB, 90 * MB) } }), {
    what: "disk",
    end: "here",
  }],
  ["no disk whose file came from memory", push({ disk: { here: disk(3000 * MB, 90 * MB, { cached: true }) } }), {
    what: "network",
  }],
  ["no disk that only writes slowly where it is read", push({ disk: { here: disk(9 * MB, 3000 * MB) } }), {
    what: "network",
  }],
  [
    "a processor here that is busy",
    push({
      system: { here: { ...SYSTEM, threads: 0 }, there: SYSTEM },
      throughput: [throughput("push", 1, 900 * MB), throughput("push", 4, 1000 * MB, busy)],
    }),
    { what: "processor", end: "here" },
  ],
  [
    "a processor there that is busy",
    push({
      system: { here: SYSTEM, there: { ...SYSTEM, cores: 2, threads: 2 } },
      throughput: [throughput("push", 4, 1000 * MB, { coresThere: 1.9 })],
    }),
    { what: "processor", end: "there" },
  ],
  [
    "a cipher that takes most of a busy processor",
    push({
      system: { here: { ...SYSTEM, threads: 0 }, there: SYSTEM },
      throughput: [throughput("push", 4, 500 * MB, { coresHere: 0.95 })],
      cipher: { here: { name: "aes-256-gcm", bytesPerSecond: 600 * MB } },
    }),
    { what: "cipher", end: "here" },
  ],
  ["ssh, where the data goes through it", push({ tunnel: "ssh -W" }), { what: "ssh" }],
  [
    "the network where the other end does not tell its load",
    push({
      system: { here: SYSTEM },
      throughput: [{ direction: "push", streams: 4, bytesPerSecond: 10 * MB, coresHere: 0.1 }],
    }),
    { what: "network" },
  ],
];

describe("findBottlenecks", () => {
  for (const [name, facts, expected] of CASES) {
    it(`finds ${name}`, () => {
      const [found, ...more] = findBottlenecks(facts);
      assertEquals(more, []);
      assertEquals({ ...found, ...expected }, found);
      assertEquals(found.direction, "push");
    });
  }

  it("finds one for each direction that was measured", () => {
    assertEquals(findBottlenecks(factsWith()).map(({ direction }) => direction), ["push", "pull"]);
    assertEquals(findBottlenecks(factsWith({ throughput: [] })), []);
  });

  it("takes the source's disk for reading in either direction", () => {
    const facts = factsWith({ disk: { there: disk(3000 * MB, 50 * MB) } });
    assertEquals(findBottlenecks(facts).map(({ what }) => what), ["network", "disk"]);
  });
});
