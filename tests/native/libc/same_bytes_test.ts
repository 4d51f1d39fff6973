import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { hasSameBytes } from "../../../src/native/libc/same_bytes.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";

describe("hasSameBytes", { ignore: Deno.build.os !== "linux" }, () => {
  it("compares the given number of bytes, at any offset of the memory", () => {
    const one = randomBytes(1000, "same").subarray(3);
    const other = randomBytes(1000, "same").slice(3);
    assertEquals(hasSameBytes(one, other, 997), true);
    assertEquals(hasSameBytes(one, other.subarray(1), 0), true);
    for (const at of [0, 7, 8, 500, 995, 996]) {
      other[at] ^= 0x80;
      assertEquals([hasSameBytes(one, other, 997), hasSameBytes(one, other, at)], [false, true], `byte ${at}`);
      other[at] ^= 0x80;
    }
    assertThrows(() => hasSameBytes(one, other, 998), RangeError);
  });
});
