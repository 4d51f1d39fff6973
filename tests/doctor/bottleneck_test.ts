import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type BottleneckFacts } from "../../src/doctor/step.ts";
import { findBottlenecks } from "../../src/doctor/bottleneck.ts";
import type { Facts } from "../../src/doctor/step.ts";
import { disk, factsWith, MB, SYSTEM, throughput } from "./facts.ts";

const push = (changes: Partial<Facts>) => factsWith({ throughput: PUSH, ...changes });
const PUSH = [throughput("push", 1, 1000 * MB), throughput("push", 4, 1000 * MB)];
const busy = { coresHere: 1, coresThere: 0.9 };

/** Bottlenecks of a push. */
const CASES: [name: string, facts: Facts, expected: Partial<BottleneckFacts>][] = [
  ["the network if several streams are as fast as one", push({}), { what: "network" }],
  [
    "the single stream if several are faster",
    push({
      throughput: [throughput("push", 1, 100 * MB), throughput("push", 4, 390 * MB)],
    }),
    { what: "one stream", bytesPerSecond: 390 * MB },
  ],
  ["the remote disk if it writes slowly", push({ disk: { there: disk(200 * MB, 3000 * MB) } }), {
    what: "disk",
    end: "there",
    bytesPerSecond: 200 * MB,
  }],
  ["the local disk if it reads slowly", push({ disk: { here: disk(3000 * MB, 90 * MB) } }), {
    what: "disk",
    end: "here",
  }],
  ["no disk that was read from the page cache", push({ disk: { here: disk(3000 * MB, 90 * MB, { cached: true }) } }), {
    what: "network",
  }],
  ["no source disk that only writes slowly", push({ disk: { here: disk(9 * MB, 3000 * MB) } }), {
    what: "network",
  }],
  [
    "a busy local processor",
    push({
      system: { here: { ...SYSTEM, threads: 0 }, there: SYSTEM },
      throughput: [throughput("push", 1, 900 * MB), throughput("push", 4, 1000 * MB, busy)],
    }),
    { what: "processor", end: "here" },
  ],
  [
    "a busy remote processor",
    push({
      system: { here: SYSTEM, there: { ...SYSTEM, cores: 2, threads: 2 } },
      throughput: [throughput("push", 4, 1000 * MB, { coresThere: 1.9 })],
    }),
    { what: "processor", end: "there" },
  ],
  [
    "a cipher that uses most of a busy processor",
    push({
      system: { here: { ...SYSTEM, threads: 0 }, there: SYSTEM },
      throughput: [throughput("push", 4, 500 * MB, { coresHere: 0.95 })],
      cipher: { here: { name: "aes-256-gcm", bytesPerSecond: 600 * MB } },
    }),
    { what: "cipher", end: "here" },
  ],
  ["ssh if the data goes through it", push({ tunnel: "ssh -W" }), { what: "ssh" }],
  [
    "the network if the remote host does not report its load",
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

  it("finds one bottleneck per measured direction", () => {
    assertEquals(findBottlenecks(factsWith()).map(({ direction }) => direction), ["push", "pull"]);
    assertEquals(findBottlenecks(factsWith({ throughput: [] })), []);
  });

  it("compares the read rate of the source's disk in both directions", () => {
    const facts = factsWith({ disk: { there: disk(3000 * MB, 50 * MB) } });
    assertEquals(findBottlenecks(facts).map(({ what }) => what), ["network", "disk"]);
  });
});
