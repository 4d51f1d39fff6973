import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseSize } from "../../../scripts/bench/size.ts";

describe("parseSize", () => {
  it("reads bytes and binary units", () => {
    const sizes = { "0": 0, "17": 17, "1K": 1024, "64k": 65536, "512M": 2 ** 29, "2G": 2 ** 31 };
    for (const [text, bytes] of Object.entries(sizes)) assertEquals(parseSize(text), bytes, text);
  });

  it("refuses other texts", () => {
    for (const text of ["", "G", "1.5G", "-1", "1T", "1 G"]) assertThrows(() => parseSize(text), Error, "Cannot read");
  });
});
