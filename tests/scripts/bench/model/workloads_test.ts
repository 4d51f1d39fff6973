import { assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { modelCases, predict, threadsFor, withAnnouncements } from "../../../../scripts/bench/model/cases.ts";
import type { Item } from "../../../../scripts/bench/model/transfer.ts";
import { largeFile, mixedFiles, smallFiles } from "../../../../scripts/bench/model/workloads.ts";
import { sampleCosts } from "./sample_costs.ts";

const MIB = 2 ** 20;
const bytesOf = (items: Iterable<Item>) => Array.from(items, ({ bytes }) => bytes);
const secondsOf = (items: Item[], end: "send" | "receive") =>
  items.flatMap((item) => item[end]).reduce((sum, { seconds }) => sum + seconds, 0);

describe("largeFile", () => {
  it("has a last block of the remaining bytes", () => {
    assertEquals(bytesOf(largeFile(sampleCosts(), 2 * MIB + 1)), [MIB, MIB, 1]);
    assertEquals(bytesOf(largeFile(sampleCosts(), MIB)), [MIB]);
    assertEquals(bytesOf(largeFile(sampleCosts(), 16 * MIB, { blockBytes: 8 * MIB })), [8 * MIB, 8 * MIB]);
  });

  it("holds the lock of the file only while it writes", () => {
    const [{ send, receive }] = largeFile(sampleCosts(), MIB, { file: 7 });
    const locks = [...send, ...receive].filter(({ holds }) => holds !== undefined);
    assertEquals(locks.map(({ stage, holds }) => [stage, holds]), [["write file", "file 7"]]);
  });
});

describe("smallFiles", () => {
  it("fills frames up to 512 files or 1 MiB", () => {
    assertEquals(bytesOf(smallFiles(sampleCosts(), new Array(513).fill(1))), [512, 1]);
    assertEquals(bytesOf(smallFiles(sampleCosts(), [MIB / 2, MIB / 2, 1])), [MIB, 1]);
    assertEquals(bytesOf(smallFiles(sampleCosts(), [])), []);
  });

  it("has the work of all files", () => {
    const items = [...smallFiles(sampleCosts(), new Array(1000).fill(10))];
    assertAlmostEquals(secondsOf(items, "send"), 0.01);
    assertAlmostEquals(secondsOf(items, "receive"), 0.01);
  });

  it("reads from the connection first", () => {
    const [{ receive }] = smallFiles(sampleCosts(), [1]);
    assertEquals(receive[0].stage, "receive");
  });
});

describe("mixedFiles", () => {
  it("sends files of more than 1 MiB in blocks, and all others in packs", () => {
    const items = [...mixedFiles(sampleCosts(), [1, MIB + 1, MIB])];
    assertEquals(items.map(({ bytes }) => bytes), [MIB, 1, 1, MIB]);
  });

  it("has the work per large file, not per block", () => {
    const items = [...mixedFiles(sampleCosts(), [3 * MIB, 2 * MIB])];
    assertAlmostEquals(secondsOf(items, "send"), 5 * 0.001 + 2 * 0.001);
    assertAlmostEquals(secondsOf(items, "receive"), 5 * 0.001 + 2 * 0.002);
  });
});

describe("predictions for two cores", () => {
  const sizes = { bigBytes: 1024 * MIB, smallFiles: 10_000, mixedFiles: 10, mixedBytes: MIB };
  const start = { seconds: 0.5, cpuSeconds: 0.7 };

  it("add the start of the session to the slower end", () => {
    const [big, many] = modelCases(sizes);
    assertAlmostEquals(predict(big, sampleCosts(), 2, start).seconds, 0.5 + 1.024, 0.01);
    assertAlmostEquals(predict(big, sampleCosts(), 2, start).cpuSeconds, 0.7 + 2 * 1.024, 0.01);
    assertAlmostEquals(predict(many, sampleCosts(), 2, start).seconds, 0.5 + 0.1, 0.01);
  });

  it("take twice as long on one core", () => {
    const [big] = modelCases(sizes);
    assertAlmostEquals(predict(big, sampleCosts(), 1, start).seconds, 0.5 + 2 * 1.024, 0.01);
  });

  it("use the threads that escp uses", () => {
    assertEquals([1, 2, 3, 16].map((cores) => threadsFor(4, cores)), [1, 1, 2, 4]);
    assertEquals([16, 32, 64].map((cores) => threadsFor(64, cores)), [15, 31, 63]);
  });

  it("attribute unexplained processor time to the announcement of large files", () => {
    // 200 files of 1 MiB and 4 KiB: 401.6 ms of blocks, 600 ms of files, and 400 ms of announcements.
    const measured = start.cpuSeconds + 2 * 200 * (MIB + 4096) / MIB / 1000 + 0.6 + 0.4;
    const { largeFiles } = withAnnouncements(sampleCosts(), start, measured);
    assertAlmostEquals(largeFiles.send.announce, 0.001, 1e-6);
    assertAlmostEquals(largeFiles.receive.announce, 0.001, 1e-6);
    assertEquals(withAnnouncements(sampleCosts(), start, 0).largeFiles.send.announce, 0);
  });
});
