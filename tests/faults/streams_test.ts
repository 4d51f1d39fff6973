import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { DIRECTIONS, ENGINES, type Scene, startScene, type Way, wayName } from "../e2e/scene.ts";
import { temporaryFiles } from "../e2e/temporary_files.ts";
import { compareTrees } from "../support/compare_trees.ts";
import type { EscpResult } from "../support/escp_command.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault_proxy.ts";

const MIB = 1 << 20;
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
    { fails = false } = {},
  ): Promise<void> {
    const to = await scene.tree();
    const port = freePort();
    await using proxy = startFaultProxy(port, faults);
    const flags = ["-r", "--timeout", "2", "--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`];
    const result = await scene.copy(way, { flags, sources: [`${source}/.`], target: to });
    check(result, proxy);
    assertEquals(await result.leftBehind(), []);
    await scene.sshd.waitForNoSession();
    if (fails) return;
    assertEquals(result.code, 0, result.stderr);
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

    it(`is replaced when it stalls: ${name}`, async () => {
      await copyThrough(way, [{ way: dataWay(way), after: 500_000, kind: "stall" }], (_, proxy) => {
        assertReplaced(proxy, 1);
      });
    });

    it(`ends the copy when all that it brings is changed, and says why: ${name}`, async () => {
      const faults: Fault[] = [{ way: dataWay(way), after: 5_000, times: Infinity, kind: "flip" }];
      await copyThrough(way, faults, ({ code, stderr }) => {
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /changed on its way|bad-tag|bad-frame|bad-counter/);
      }, { fails: true });
    });
  }

  for (const engine of ENGINES) {
    it(`fails again and again, at random, and everything arrives: ${engine}, 4 streams`, async () => {
      const way: Way = { direction: "push", engine, streams: 4 };
      const random = seeded(20_26);
      const faults = Array.from({ length: 12 }, (_, index): Fault => ({
        way: random() < 0.7 ? dataWay(way) : otherWay(way),
        after: Math.floor(random() * 2 * MIB) + 1_000,
        // Corrupt ones are borne up to a limit.
        kind: index < 6 ? "flip" : random() < 0.5 ? "cut" : "half",
      }));
      await copyThrough(way, faults, (_, proxy) => assert(proxy.happened > 2));
    });
  }
});

/** Each fault took a connection, in whose place another came; on a busy machine one more may have been too slow. */
function assertReplaced(proxy: FaultProxy, faults: number): void {
  assertEquals(proxy.happened, faults);
  assert(proxy.connections > faults, `${proxy.connections} connections`);
}

/** Below those that systems give to outgoing connections, and above those that escp takes by itself. */
function freePort(): number {
  for (;;) {
    try {
      const port = 10_000 + Math.floor(Math.random() * 9_000);
      Deno.listen({ hostname: "::", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Numbers in [0, 1), the same in every run (a linear congruential generator with the constants of Numerical Recipes). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
