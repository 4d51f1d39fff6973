import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { crc32 } from "../../../src/protocol/crc32.ts";
import { RangeSums } from "../../../src/protocol/data/range_sums.ts";
import { RandomBytes, randomBytes } from "../../support/files/random_bytes.ts";
import { processorMs } from "../../support/processor_time.ts";

const BYTES = randomBytes(1000, "ranges");
const TOTAL = crc32(BYTES, 0, BYTES.length);
const range = (start: number, end: number) => ({ start, end, crc32: crc32(BYTES, start, end) });

describe("RangeSums", () => {
  it("returns the same CRC-32 for every order of the ranges", () => {
    const parts = [range(0, 1), range(1, 400), range(400, 401), range(401, 1000)];
    const random = new RandomBytes("order");
    for (let round = 0; round < 50; round++) {
      const sums = new RangeSums({ keepsRanges: round % 2 === 1 });
      const order = parts.map((part) => ({ part, key: random.next() })).sort((a, b) => a.key - b.key);
      order.forEach(({ part }, index) => {
        assertEquals(sums.total(1000), undefined);
        assertEquals(sums.add(part), true);
        assertEquals(sums.total(1000) !== undefined, index === parts.length - 1);
      });
      assertEquals(sums.total(1000), TOTAL);
      assertEquals(sums.bytes, 1000);
    }
  });

  it("returns undefined while the start, the middle or the end is missing", () => {
    for (const parts of [[range(1, 1000)], [range(0, 999)], [range(0, 5), range(6, 1000)]]) {
      const sums = new RangeSums();
      parts.forEach((part) => sums.add(part));
      assertEquals(sums.total(1000), undefined);
    }
  });

  it("finds a missing range among many in constant time", () => {
    const sums = new RangeSums();
    // Combining all ranges again for each added range would take minutes.
    const took = processorMs(() => {
      for (let start = 0; start < 20_000; start++) {
        sums.add({ start, end: start + 1, crc32: 0 });
        assertEquals(sums.total(20_001), undefined);
      }
    });
    assert(took < 10_000, `${took} ms`);
  });

  it("returns undefined for a size below the end of the ranges", () => {
    const sums = new RangeSums();
    sums.add(range(0, 1000));
    assertEquals(sums.total(999), undefined);
    assertEquals(sums.total(1001), undefined);
    assertEquals(sums.total(1000), TOTAL);
  });

  it("returns the CRC-32 of a range that does not begin at 0", () => {
    const sums = new RangeSums();
    sums.add(range(400, 600));
    assertEquals(sums.total(600, 300), undefined);
    sums.add(range(300, 400));
    assertEquals(sums.total(600, 300), crc32(BYTES, 300, 600));
    assertEquals(sums.total(600), undefined);
    assertEquals(sums.total(599, 299), undefined);
  });

  it("does not add an overlapping range", () => {
    const sums = new RangeSums();
    sums.add(range(100, 200));
    sums.add(range(300, 400));
    const overlapping = [[100, 200], [99, 101], [199, 201], [150, 160], [50, 500], [299, 301], [150, 350], [0, 101]];
    for (const [start, end] of overlapping) assertEquals(sums.add(range(start, end)), false, `${start}-${end}`);
    assertEquals(sums.bytes, 200);
    for (const [start, end] of [[0, 100], [200, 300], [400, 1000]]) assertEquals(sums.add(range(start, end)), true);
    assertEquals(sums.total(1000), TOTAL);
  });

  it("stores adjacent ranges as one", () => {
    const sums = new RangeSums();
    for (let start = 0; start < 1000; start += 2) sums.add(range(start, start + 1));
    assertEquals(sums.ranges.length, 500);
    for (let start = 1; start < 1000; start += 2) sums.add(range(start, start + 1));
    assertEquals(sums.ranges, [range(0, 1000)]);
    const ends = new RangeSums();
    for (let start = 500; start > 0; start--) ends.add(range(start - 1, start));
    for (let start = 500; start < 1000; start++) ends.add(range(start, start + 1));
    assertEquals(ends.ranges, [range(0, 1000)]);
    assertEquals([ends.bytes, ends.total(1000)], [1000, TOTAL]);
  });

  it("does not change the ranges that are added", () => {
    const parts = [range(0, 400), range(400, 1000)];
    const sums = new RangeSums();
    parts.forEach((part) => sums.add(part));
    assertEquals(parts, [range(0, 400), range(400, 1000)]);
  });

  it("keeps adjacent ranges apart if requested", () => {
    const parts = [range(0, 400), range(400, 1000)];
    const sums = new RangeSums({ keepsRanges: true });
    parts.toReversed().forEach((part) => sums.add(part));
    assertEquals(sums.ranges, parts);
    assertEquals([sums.bytes, sums.total(1000)], [1000, TOTAL]);
  });

  it("returns 0 for an empty file", () => {
    assertEquals(new RangeSums().total(0), 0);
    assertEquals(new RangeSums().total(1), undefined);
  });
});
