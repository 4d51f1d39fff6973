import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatBytes, formatClock, formatCount, formatDuration, formatRate } from "../../src/ui/format.ts";

const KIB = 1024;
const MIB = KIB * KIB;

describe("formatBytes", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [99.9 * KIB, "99.9 KiB"],
    [99.96 * KIB, "100 KiB"],
    [1023 * KIB, "1023 KiB"],
    [MIB - 1, "1.0 MiB"],
    [MIB, "1.0 MiB"],
    [361 * MIB, "361 MiB"],
    [1024 ** 4, "1.0 TiB"],
    [Number.MAX_SAFE_INTEGER, "8.0 PiB"],
    [-1, "0 B"],
  ];
  for (const [bytes, expected] of cases) {
    it(`writes ${bytes} as ${expected}`, () => assertEquals(formatBytes(bytes), expected));
  }

  it("returns at most 8 characters", () => {
    for (let bytes = 1; bytes < 1024 ** 6; bytes = bytes * 1.07 + 1) assert(formatBytes(bytes).length <= 8, `${bytes}`);
  });
});

describe("formatRate", () => {
  it("returns bytes per second", () => assertEquals(formatRate(361.4 * MIB), "361 MiB/s"));

  const inBits: [number, string][] = [
    [0, "0 bit/s"],
    [124, "992 bit/s"],
    [125, "1.0 kbit/s"],
    [12_500_000, "100 Mbit/s"],
    [124_999_999, "1.0 Gbit/s"],
    [1_250_000_000, "10.0 Gbit/s"],
  ];
  for (const [bytesPerSecond, expected] of inBits) {
    it(`writes ${bytesPerSecond} bytes per second as ${expected} in bits`, () =>
      assertEquals(formatRate(bytesPerSecond, { bits: true }), expected));
  }
});

describe("formatDuration", () => {
  const cases: [number, string][] = [
    [0, "0.0 s"],
    [49, "0.0 s"],
    [3449, "3.4 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min 00 s"],
    [65_000, "1 min 05 s"],
    [3_599_000, "59 min 59 s"],
    [3_600_000, "1 h 00 min"],
    [7_620_000, "2 h 07 min"],
    [86_400_000, "1 d 00 h"],
    [273_600_000, "3 d 04 h"],
  ];
  for (const [ms, expected] of cases) {
    it(`writes ${ms} ms as ${expected}`, () => assertEquals(formatDuration(ms), expected));
  }
});

describe("formatClock", () => {
  const cases: [number, string][] = [
    [-5, "0:00"],
    [0, "0:00"],
    [1, "0:01"],
    [4000, "0:04"],
    [59_001, "1:00"],
    [3_599_000, "59:59"],
    [3_599_001, "1:00:00"],
    [3_723_000, "1:02:03"],
    [359_999_000, "99:59:59"],
    [360_000_000, "> 99 h"],
    [Infinity, "> 99 h"],
  ];
  for (const [ms, expected] of cases) {
    it(`writes ${ms} ms as ${expected}`, () => assertEquals(formatClock(ms), expected));
  }
});

describe("formatCount", () => {
  it("forms the plural", () =>
    assertEquals([0, 1, 2].map((count) => formatCount(count, "file")), ["0 files", "1 file", "2 files"]));
});
