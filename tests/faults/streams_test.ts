import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { DIRECTIONS, ENGINES, type Scene, startScene, type Way, wayName } from "../e2e/scene.ts";
import { temporaryFiles } from "../e2e/temporary_files.ts";
import { compareTrees } from "../support/compare_trees.ts";
import type { EscpResult } from "../support/escp_command.ts";
import { freePort } from "../support/free_port.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";
import { RandomBytes } from "../support/random_bytes.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault_proxy.ts";

const MIB = 1 << 20;
/** Flipped bits; `deno task soak` wants more of them. */
const FLIPS = Deno.env.has("ESCP_SOAK") ? 200 : 24;
/** A session bears no more. */
const FLIPS_OF_A_COPY = 8;
/** A single connection carries everything, so that what happens to it is sure. */
const WAYS: Way[] = ENGINES.flatMap((engine) =>
  DIRECTIONS.filter((direction) => direction !== "local").map((direction): Way => ({ direction, engine, streams: 1 }))
);

describeWithSshd("a data connection that fails", () => {
  let scene: Scene;
  let source: string;
  beforeAll(async () => {
    scene = await startScene();
    const large = new Uint8Array(12 * MIB);
    for (let at = 0; at < large.length; at += 65_536) crypto.getRandomValues(large.subarray(at, at + 65_536));
    const small = Array.from({ length: 200 }, (_, index) => [`small/${index}`, `content of ${index}`]);
    source = await scene.tree({ "large": large, ...Object.fromEntries(small) });
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  /** Copies through a proxy with these faults. */
  async function copyThrough(
    way: Way,
    faults: Fault[],
    check: (result: EscpResult, proxy: FaultProxy) => void,
    { fails = false, patience = 20, reverse = false } = {},
  ): Promise<void> {
    const to = await scene.tree();
    const port = freePort();
    await using proxy = startFaultProxy(port, faults);
    const ports = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`];
    const flags = ["-r", "--timeout", `${patience}`, "--tunnel", "never", ...ports, ...(reverse ? ["--reverse"] : [])];
    const result = await scene.copy(way, { flags, sources: [`${source}/.`], target: to });
    if (!fails) assertEquals(result.code, 0, result.stderr);
    check(result, proxy);
    assertEquals(await result.leftBehind(), []);
    await scene.sshd.waitForNoSession();
    if (fails) return;
    assertEquals(await compareTrees(source, to), []);
    assertEquals(temporaryFiles(to), []);
  }

  /** The way that the data takes. */
  const dataWay = (way: Way) => way.direction === "push" ? "to server" : "to client";
  const otherWay = (way: Way) => way.direction === "push" ? "to client" : "to server";

  for (const way of WAYS) {
    const name = wayName(way);

    it(`is replaced when it is cut: ${name}`, async () => {
      const faults = [100_000, 800_000, 1_500_000].map((after): Fault => ({ way: dataWay(way), after, kind: "cut" }));
      await copyThrough(way, faults, ({ stderr }, proxy) => {
        assertReplaced(proxy, 3);
        assertMatch(stderr, /3 data connections broke; what they carried was sent again/);
      });
    });

    for (const [what, of, after] of [["data", dataWay, 300_000], ["results", otherWay, 200]] as const) {
      it(`is replaced when the way of its ${what} is closed: ${name}`, async () => {
        await copyThrough(way, [{ way: of(way), after, kind: "half" }], (_, proxy) => {
          assertReplaced(proxy, 1);
        });
      });

      it(`is replaced when a bit of its ${what} was changed, and the user is told: ${name}`, async () => {
        await copyThrough(way, [{ way: of(way), after, kind: "flip" }], ({ stderr }, proxy) => {
          assertReplaced(proxy, 1);
          assertMatch(stderr, /1 data connection broke, as data was changed on its way; what/);
        });
      });
    }

    it(`is replaced when it is cut, or changed, that the other side has opened: ${name}`, async () => {
      // There the one that connects is the remote end.
      const faults = (["cut", "flip"] as const).map((kind, index): Fault => ({
        way: otherWay(way),
        after: 100_000 + index * 700_000,
        kind,
      }));
      await copyThrough(way, faults, ({ stderr }, proxy) => {
        assertReplaced(proxy, 2);
        assertMatch(stderr, /2 data connections broke, as data was changed on its way in 1 of them; what they carried/);
      }, { reverse: true });
    });

    it(`ends the copy when all that it brings is changed, and says why: ${name}`, async () => {
      const faults: Fault[] = [{ way: dataWay(way), after: 5_000, times: Infinity, kind: "flip" }];
      await copyThrough(way, faults, ({ code, stderr }) => {
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /changed on its way|bad-tag|bad-frame|bad-counter/);
      }, { fails: true });
    });
  }

  // What takes seconds is tried both ways and with each engine, but not with all of them.
  for (const way of [WAYS[0], WAYS.at(-1)!]) {
    for (const [what, of, after] of [["data", dataWay, 500_000], ["results", otherWay, 200]] as const) {
      it(`is replaced when its ${what} stall: ${wayName(way)}`, async () => {
        const faults: Fault[] = [{ way: of(way), after, kind: "stall" }];
        await copyThrough(way, faults, (_, proxy) => assertReplaced(proxy, 1), { patience: 5 });
      });
    }
  }

  for (const way of WAYS.map((each): Way => ({ ...each, streams: 4 }))) {
    it(`is cut 25 times at random, and everything arrives: ${wayName(way)}`, async () => {
      const random = new RandomBytes(`cuts ${wayName(way)}`);
      const faults = Array.from({ length: 25 }, (): Fault => ({
        // Results are fewer, so that most of what is cut are the data.
        ...random.below(4) > 0
          ? { way: dataWay(way), after: 200 + random.below(400_000) }
          : { way: otherWay(way), after: 200 + random.below(300) },
        kind: "cut",
      }));
      await copyThrough(way, faults, ({ stderr }, proxy) => assertEquals(proxy.happened, 25, stderr));
    });
  }

  for (let copy = 0; copy * FLIPS_OF_A_COPY < FLIPS; copy++) {
    const way = WAYS[copy % WAYS.length];
    it(`brings nothing into a file behind a flipped bit, wherever it is: ${wayName(way)}, ${copy}`, async () => {
      const random = new RandomBytes(`flips ${copy}`);
      const faults = Array.from({ length: FLIPS_OF_A_COPY }, (): Fault => ({
        way: dataWay(way),
        // Behind the proof: a connection that has not proven itself is one that was not there. Half are at the beginning.
        after: random.below(2) === 0 ? 200 + random.below(2 * MIB) : 200 + random.below(400),
        kind: "flip",
        bit: random.below(8),
      }));
      await copyThrough(way, faults, (_, proxy) => assertEquals(proxy.happened, FLIPS_OF_A_COPY));
    });
  }
});

/** Each fault took a connection, in whose place another came; on a busy machine one more may have been too slow. */
function assertReplaced(proxy: FaultProxy, faults: number): void {
  assertEquals(proxy.happened, faults);
  assert(proxy.connections > faults, `${proxy.connections} connections`);
}
