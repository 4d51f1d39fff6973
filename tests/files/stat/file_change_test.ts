import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { CLOCK_TICK_MS, fileVersion, freshMs } from "../../../src/files/stat/file_change.ts";

it("fileVersion differs after each change of inode or ctime", () => {
  const versions = new Set<number>();
  for (const inode of [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 33 + 1, 2 ** 53, 2 ** 60 + 2 ** 40]) {
    for (const ctime of [-1, 0, 1, 1_700_000_000, 2 ** 32 - 2]) {
      for (const ctimeNs of [0, 1, 999_999_999]) versions.add(fileVersion({ inode, ctime, ctimeNs }));
    }
  }
  assertEquals(versions.size, 8 * 5 * 3);
  for (const version of versions) assert(Number.isSafeInteger(version) && version >= 0, `${version}`);
});

it("freshMs is at most a tick, also if the clock was set forward or back", () => {
  for (const [passed, left] of [[0, CLOCK_TICK_MS], [1, CLOCK_TICK_MS - 1], [CLOCK_TICK_MS, 0], [1e9, 0]]) {
    assertEquals(freshMs(1e12, 1e12 + passed), left);
  }
  assertEquals(freshMs(1e12, 1e12 - 1e9), CLOCK_TICK_MS);
});
