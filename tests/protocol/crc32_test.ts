import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { combineCrc32, crc32, crc32OfZeros } from "../../src/protocol/crc32.ts";
import { RandomBytes, randomBytes } from "../support/files/random_bytes.ts";

const sum = (bytes: Uint8Array) => crc32(bytes, 0, bytes.length);
const LENGTHS = [0, 1, 2, 3, 7, 8, 9, 255, 256, 4095, 4096, 4097, 65_537];

describe("crc32", () => {
  it("returns the check value of the CRC catalogues", () => {
    assertEquals(sum(new TextEncoder().encode("123456789")), 0xcbf43926);
    assertEquals(sum(new Uint8Array()), 0);
  });

  it("covers only its range", () => {
    const bytes = new TextEncoder().encode("xx123456789yy");
    assertEquals(crc32(bytes, 2, 11), 0xcbf43926);
    assertEquals(crc32(bytes, 5, 5), 0);
  });
});

describe("combineCrc32", () => {
  it("equals the CRC-32 of the concatenated bytes for every pair of lengths", () => {
    const bytes = randomBytes(2 * 65_537, "crc32");
    for (const first of LENGTHS) {
      for (const second of LENGTHS) {
        const a = crc32(bytes, 0, first);
        const b = crc32(bytes, first, first + second);
        assertEquals(combineCrc32(a, b, second), crc32(bytes, 0, first + second), `${first} + ${second}`);
      }
    }
  });

  it("combines many pieces in order", () => {
    const bytes = randomBytes(100_000, "pieces");
    const random = new RandomBytes("cuts");
    let total = 0;
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + random.below(5_000));
      total = combineCrc32(total, crc32(bytes, at, end), end - at);
      at = end;
    }
    assertEquals(total, sum(bytes));
  });

  it("accepts lengths above 32 bits", () => {
    // Appending 2^32 zeros and then 5 zeros equals appending 2^32 + 5 zeros at once.
    const large = 2 ** 32;
    const parts = combineCrc32(combineCrc32(0x12345678, crc32OfZeros(large), large), crc32OfZeros(5), 5);
    assertEquals(parts, combineCrc32(0x12345678, crc32OfZeros(large + 5), large + 5));
    assertEquals(combineCrc32(0, 0xdeadbeef, 2 ** 53 - 1), 0xdeadbeef);
  });
});

describe("crc32OfZeros", () => {
  it("equals the CRC-32 of that many zeros", () => {
    for (const length of LENGTHS) assertEquals(crc32OfZeros(length), sum(new Uint8Array(length)), `${length}`);
  });
});
