import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { diskProbe, rerunAfterStall, StallWatch } from "../../../scripts/test/stall_watch.ts";

describe("a watch for stalls", () => {
  it("reports a late probe while it lasts and afterwards, but not to runs that begin later", async () => {
    let now = 1_000;
    const late = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const third = Promise.withResolvers<void>();
    const probes = [() => late.promise, () => second.resolve(), () => third.resolve()];
    await using watch = new StallWatch(async () => await probes.shift()?.(), () => now);
    const begin = watch.time;
    now += 1_000;
    assertEquals(watch.longestSince(begin), 0);
    now += 4_200;
    assertEquals(watch.longestSince(begin), 5_000);
    late.resolve();
    await second.promise;
    assertEquals(watch.longestSince(begin), 5_000);
    now += 1;
    const later = watch.time;
    assertEquals(watch.longestSince(later), 0);
    await third.promise;
    assertEquals(watch.longestSince(begin), 5_000);
  });

  it("probes a disk", async () => {
    const directory = await Deno.makeTempDir();
    try {
      const probe = await diskProbe(directory);
      await probe();
      assertEquals((await Deno.stat(`${directory}/probe`)).size, 4096);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
});

describe("a run of tests", () => {
  /** Returns the exit status, the number of attempts, and the noted stalls. */
  async function run(codes: readonly number[], stalledMs: number) {
    const notes: number[] = [];
    let attempts = 0;
    const { code } = await rerunAfterStall(
      { time: 0, longestSince: () => stalledMs },
      () => Promise.resolve({ code: codes[attempts++] }),
      (ms) => notes.push(ms),
    );
    return { code, attempts, notes };
  }

  it("is repeated once if it failed while the machine stalled", async () => {
    assertEquals(await run([1, 0], 5_000), { code: 0, attempts: 2, notes: [5_000] });
    assertEquals(await run([1, 1, 0], 5_000), { code: 1, attempts: 2, notes: [5_000] });
  });

  it("is not repeated otherwise", async () => {
    assertEquals(await run([1, 0], 0), { code: 1, attempts: 1, notes: [] });
    assertEquals(await run([0, 1], 5_000), { code: 0, attempts: 1, notes: [] });
  });
});
