import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import type { EscpResult } from "../../support/escp/escp_command.ts";
import { eachAtOnce } from "../../support/each_at_once.ts";
import { freePort } from "../../support/hosts/free_port.ts";
import { RandomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, ENGINES, type Variant, variantName, variantsOf } from "../../support/scene.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault_proxy.ts";

const MIB = 1 << 20;
/** Number of flipped bits; `deno task soak` sets more. */
const FLIPS = Deno.env.has("ESCP_SOAK") ? 200 : 24;
/** Maximum number of faults that a session tolerates. */
const FLIPS_OF_A_COPY = 8;
/** A single connection carries everything, so each fault hits data. */
const SINGLE = ENGINES.flatMap(variantsOf).filter(({ direction }) => direction !== "local").map((variant): Variant => ({
  ...variant,
  streams: 1,
}));

describeWithScene("a data connection that fails", (scene) => {
  let source: string;
  beforeAll(async () => {
    const large = new Uint8Array(12 * MIB);
    for (let at = 0; at < large.length; at += 65_536) crypto.getRandomValues(large.subarray(at, at + 65_536));
    const small = Array.from({ length: 200 }, (_, index) => [`small/${index}`, `content of ${index}`]);
    source = await scene.tree({ "large": large, ...Object.fromEntries(small) });
  });

  /** Copies through a proxy with these faults. */
  async function copyThrough(
    variant: Variant,
    faults: Fault[],
    check: (result: EscpResult, proxy: FaultProxy) => void,
    { fails = false, patience = 20, reverse = false } = {},
  ): Promise<void> {
    const to = await scene.tree();
    const port = freePort();
    await using proxy = startFaultProxy(port, faults);
    const ports = ["--escp-port", `${port}`, "--data-address", `127.0.0.1:${proxy.port}`];
    const flags = ["-r", "--timeout", `${patience}`, "--tunnel", "never", ...ports, ...(reverse ? ["--reverse"] : [])];
    const result = await scene.copy(variant, { flags, sources: [`${source}/.`], target: to });
    if (!fails) assertEquals(result.code, 0, result.stderr);
    check(result, proxy);
    assertEquals(await result.leftBehind(), []);
    await scene.sshd.waitForNoSession();
    if (fails) return;
    assertEquals(await compareTrees(source, to), []);
    assertEquals(temporaryFiles(to), []);
  }

  const dataDirection = (variant: Variant) => variant.direction === "push" ? "to server" : "to client";
  const resultDirection = (variant: Variant) => variant.direction === "push" ? "to client" : "to server";

  for (const variant of SINGLE) {
    const name = variantName(variant);

    it(`is replaced after it is cut: ${name}`, async () => {
      const faults = [100_000, 800_000, 1_500_000].map((after): Fault => ({
        direction: dataDirection(variant),
        after,
        kind: "cut",
      }));
      await copyThrough(variant, faults, ({ stderr }, proxy) => {
        assertReplaced(proxy, 3);
        assertMatch(stderr, /3 data connections broke; the data in flight was sent again/);
      });
    });

    for (const [what, of, after] of [["data", dataDirection, 300_000], ["results", resultDirection, 200]] as const) {
      it(`is replaced after the direction of its ${what} is closed: ${name}`, async () => {
        await copyThrough(variant, [{ direction: of(variant), after, kind: "half" }], (_, proxy) => {
          assertReplaced(proxy, 1);
        });
      });

      it(`is replaced after a bit of its ${what} is flipped, with a note: ${name}`, async () => {
        await copyThrough(variant, [{ direction: of(variant), after, kind: "flip" }], ({ stderr }, proxy) => {
          assertReplaced(proxy, 1);
          assertMatch(stderr, /1 data connection broke, because data was changed in transit; the data in flight/);
        });
      });
    }

    it(`is replaced after a fault if the remote host opened it: ${name}`, async () => {
      // With --reverse the remote host connects.
      const faults = (["cut", "flip"] as const).map((kind, index): Fault => ({
        direction: resultDirection(variant),
        after: 100_000 + index * 700_000,
        kind,
      }));
      await copyThrough(variant, faults, ({ stderr }, proxy) => {
        assertReplaced(proxy, 2);
        assertMatch(
          stderr,
          /2 data connections broke, because data was changed in transit in 1 of them; the data in flight/,
        );
      }, { reverse: true });
    });

    it(`ends the copy with the reason if all data is changed: ${name}`, async () => {
      const faults: Fault[] = [{ direction: dataDirection(variant), after: 5_000, times: Infinity, kind: "flip" }];
      await copyThrough(variant, faults, ({ code, stderr }) => {
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /changed in transit|bad-tag|bad-frame|bad-counter/);
      }, { fails: true });
    });
  }

  for (const [what, of, after] of [["data", dataDirection, 500_000], ["results", resultDirection, 200]] as const) {
    it(`is replaced after its ${what} stall, in a push and a pull`, async () => {
      await eachAtOnce([SINGLE[0], SINGLE.at(-1)!], variantName, async (variant) => {
        const faults: Fault[] = [{ direction: of(variant), after, kind: "stall" }];
        await copyThrough(variant, faults, (_, proxy) => assertReplaced(proxy, 1), { patience: 5 });
      });
    });
  }

  for (const variant of SINGLE.map((each): Variant => ({ ...each, streams: 4 }))) {
    it(`is cut 25 times at random without loss of data: ${variantName(variant)}`, async () => {
      const random = new RandomBytes(`cuts ${variantName(variant)}`);
      const faults = Array.from({ length: 25 }, (): Fault => ({
        // Mostly data, because results are few.
        ...random.below(4) > 0
          ? { direction: dataDirection(variant), after: 200 + random.below(400_000) }
          : { direction: resultDirection(variant), after: 200 + random.below(300) },
        kind: "cut",
      }));
      await copyThrough(variant, faults, ({ stderr }, proxy) => assertEquals(proxy.happened, 25, stderr));
    });
  }

  for (let copy = 0; copy * FLIPS_OF_A_COPY < FLIPS; copy++) {
    const variant = SINGLE[copy % SINGLE.length];
    it(`delivers no byte after a flipped bit at a random position: ${variantName(variant)}, ${copy}`, async () => {
      const random = new RandomBytes(`flips ${copy}`);
      const faults = Array.from({ length: FLIPS_OF_A_COPY }, (): Fault => ({
        direction: dataDirection(variant),
        // After the handshake, because a connection without it does not count. Half of the positions are early.
        after: random.below(2) === 0 ? 200 + random.below(2 * MIB) : 200 + random.below(400),
        kind: "flip",
        bit: random.below(8),
      }));
      await copyThrough(variant, faults, (_, proxy) => assertEquals(proxy.happened, FLIPS_OF_A_COPY));
    });
  }
});

/** Checks that each fault closed a connection that was replaced. A busy machine may replace a slow one too. */
function assertReplaced(proxy: FaultProxy, faults: number): void {
  assertEquals(proxy.happened, faults);
  assert(proxy.connections > faults, `${proxy.connections} connections`);
}
