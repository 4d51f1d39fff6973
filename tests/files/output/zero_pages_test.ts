import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { endOfData, endOfZeros, forEachData, hasZeroPage, isZero } from "../../../src/files/output/zero_pages.ts";

const PAGE = 4096;

/** Returns pages of zeros and of data, such as "0110", from the middle of a buffer. */
function pagesOf(pattern: string, lastBytes = PAGE): { bytes: Uint8Array<ArrayBuffer>; start: number; end: number } {
  const start = 64;
  const end = start + (pattern.length - 1) * PAGE + lastBytes;
  const bytes = new Uint8Array(end + 64).fill(7);
  bytes.fill(0, start, end);
  // One byte at any position makes a page a data page.
  [...pattern].forEach((page, index) => {
    const at = start + index * PAGE;
    if (page === "1") bytes[Math.min(end - 1, at + index * 1365 % PAGE)] = 1;
  });
  return { bytes, start, end };
}

describe("isZero", () => {
  it("finds a single byte at every position and alignment", () => {
    const whole = new Uint8Array(64);
    for (const shift of [0, 1, 2, 3, 4]) {
      const bytes = whole.subarray(shift);
      for (const [start, end] of [[0, 32], [1, 30], [3, 4], [5, 5], [4, 8]]) {
        for (let at = 0; at < 40; at++) {
          whole.fill(0);
          bytes[at] = 0x80;
          assertEquals(isZero(bytes, start, end), at < start || at >= end, `${shift} ${start}-${end} at ${at}`);
        }
      }
    }
  });

  it("examines the given buffer, not a cached one", () => {
    assertEquals([isZero(new Uint8Array(8), 0, 8), isZero(new Uint8Array(8).fill(1), 0, 8)], [true, false]);
  });
});

describe("pages of zeros", () => {
  it("end at the first page with data", () => {
    for (const [pattern, zeros, data] of [["0", 1, 0], ["1", 0, 1], ["0010", 2, 0], ["1101", 0, 2]] as const) {
      const { bytes, start, end } = pagesOf(pattern);
      assertEquals(endOfZeros(bytes, start, end, 0), start + zeros * PAGE, pattern);
      assertEquals(endOfData(bytes, start, end, 0), start + data * PAGE, pattern);
    }
  });

  it("are aligned to the file", () => {
    const bytes = new Uint8Array(2 * PAGE);
    bytes[PAGE] = 1;
    assertEquals(endOfZeros(bytes, 0, 2 * PAGE, 0), PAGE);
    assertEquals(endOfZeros(bytes, 0, 2 * PAGE, 100), PAGE - 100);
    assertEquals(endOfZeros(bytes, 0, 2 * PAGE, 5 * PAGE - 1), 1);
  });

  it("may be short at the end, and empty", () => {
    for (const last of [1, PAGE - 1, PAGE]) {
      for (const [pattern, expected] of [["10", true], ["11", false], ["0", true], ["1", false]] as const) {
        const { bytes, start, end } = pagesOf(pattern, last);
        assertEquals(hasZeroPage(bytes, start, end - start), expected, `${pattern} ${last}`);
      }
    }
    assertEquals(hasZeroPage(new Uint8Array(8), 4, 0), false);
  });

  it("separate the parts that are written", () => {
    const { bytes, start, end } = pagesOf("01100101", 10);
    const parts: number[][] = [];
    forEachData(bytes, start, end - start, (...part) => parts.push(part));
    const at = (page: number, pages: number, offset = page * PAGE) => [start + offset, pages, offset];
    assertEquals(parts, [at(1, 2 * PAGE), at(5, PAGE), at(7, 10)]);
  });
});
