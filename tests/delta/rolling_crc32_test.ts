import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { RollingCrc32 } from "../../src/delta/rolling_crc32.ts";
import { crc32 } from "../../src/protocol/crc32.ts";
import { randomBytes } from "../support/files/random_bytes.ts";

describe("a rolling CRC-32", () => {
  it("is the CRC-32 of each window", () => {
    const bytes = randomBytes(3000, 1);
    for (const window of [1, 2, 7, 64, 1000]) {
      const rolling = new RollingCrc32(window);
      let register = rolling.start(bytes, 0, window);
      for (let at = 0; at + window < bytes.length; at++) {
        assertEquals((register ^ rolling.inversion) >>> 0, crc32(bytes, at, at + window));
        register = rolling.step(register, bytes[at], bytes[at + window]);
      }
    }
  });
});
