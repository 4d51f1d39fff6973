import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type FileList, simulateBalance } from "../../../../scripts/bench/shards/balance.ts";
import { DEFAULT_MAX_STARTUPS, refusedPercent, simultaneousLogins } from "../../../../scripts/bench/shards/logins.ts";
import { countOperations } from "../../../../scripts/bench/shards/metadata.ts";

const GIB = 2 ** 30;

describe("simulateBalance", () => {
  const list: FileList = { files: 20_000, bytes: 20_000 * 10e6, sigma: 2, seed: 1 };

  it("divides all bytes and counts all ranges", () => {
    const [whole, split] = simulateBalance(list, 16, [Infinity, GIB]);
    assertEquals(whole.pieces, list.files);
    assert(split.pieces > list.files);
    assertEquals(split.bytes, whole.bytes);
    assertEquals(whole.splitBytes, 0);
    // The normal distribution function at -1.338, for files over 1 GiB with a mean of 10 MB.
    assertAlmostEquals(split.splitBytes, 0.09, 0.05);
    assertAlmostEquals(whole.bytes / list.bytes, 1, 0.2);
    for (const { mostBytes, leastBytes } of [whole, split]) assert(leastBytes <= 1 && mostBytes >= 1);
  });

  it("gives one shard everything", () => {
    const [{ mostBytes, leastBytes, mostPieces }] = simulateBalance(list, 1, [GIB]);
    assertEquals([mostBytes, leastBytes, mostPieces], [1, 1, 1]);
  });

  it("is reproducible, and differs between seeds", () => {
    assertEquals(simulateBalance(list, 16, [GIB]), simulateBalance(list, 16, [GIB]));
    assert(simulateBalance(list, 16, [GIB])[0].bytes !== simulateBalance({ ...list, seed: 2 }, 16, [GIB])[0].bytes);
  });

  it("is more even with ranges if few files have most of the bytes", () => {
    const [whole, split] = simulateBalance({ ...list, sigma: 3 }, 16, [Infinity, 16 << 20]);
    assert(whole.largestFile > 100 * 16 << 20);
    assert(split.mostBytes < whole.mostBytes, `${split.mostBytes} < ${whole.mostBytes}`);
  });
});

describe("refusedPercent", () => {
  it("follows the limits of sshd", () => {
    const percent = [0, 9, 10, 11, 55, 99, 100, 1000].map((open) => refusedPercent(open, DEFAULT_MAX_STARTUPS));
    assertEquals(percent, [0, 0, 30, 30, 65, 99, 100, 100]);
    assertEquals(refusedPercent(10, { start: 10, rate: 100, full: 100 }), 100);
  });
});

describe("simultaneousLogins", () => {
  it("accepts all below the limit", () => {
    for (const count of [0, 1, 10]) assertEquals(simultaneousLogins(count), { allAccepted: 1, refused: 0 });
  });

  it("multiplies the probabilities of the logins above the limit", () => {
    const { allAccepted, refused } = simultaneousLogins(11);
    assertAlmostEquals(allAccepted, 0.7);
    assertAlmostEquals(refused, 0.3);
    assertAlmostEquals(simultaneousLogins(12).allAccepted, 0.7 * 0.7);
  });

  it("refuses all above the last limit", () => {
    assertEquals(simultaneousLogins(5, { start: 2, rate: 100, full: 2 }), { allAccepted: 0, refused: 3 });
  });
});

describe("countOperations", () => {
  it("lists by all shards, and examines by owners", () => {
    const counts = countOperations({ files: 1000, directories: 10, nameBytes: 20 }, 4);
    assertEquals(counts, {
      listedNames: 4040,
      listCalls: 80,
      openedDirectories: 40,
      examined: 1000,
      examinedByAll: 4000,
    });
  });

  it("needs more calls for directories that exceed a buffer", () => {
    // An entry takes 40 bytes, so a buffer has 1,638 of them.
    const calls = (files: number) => countOperations({ files, directories: 1, nameBytes: 20 }, 1).listCalls;
    assertEquals([calls(1637), calls(1638), calls(3276)], [2, 3, 4]);
  });
});
