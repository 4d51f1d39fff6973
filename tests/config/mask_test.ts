import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseMask } from "../../src/config/mask.ts";
import { UsageError } from "../../src/errors.ts";

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe("a mask", () => {
  it("has hexadecimal digits, the most significant first", () => {
    const table: Record<string, number[]> = {
      "1": [0],
      "8": [3],
      "10": [4],
      "0x1": [0],
      "0Xf": [0, 1, 2, 3],
      "ff00": range(8, 15),
      "FF00": range(8, 15),
      "0xff00": range(8, 15),
      "FFFF0000": range(16, 31),
      "1e3": [0, 1, 5, 6, 7, 8],
      "a5": [0, 2, 5, 7],
      "0003": [0, 1],
      "00000001,00000000": [32],
      "3,f0003fff": [...range(0, 13), ...range(28, 31), 32, 33],
    };
    for (const [text, expected] of Object.entries(table)) assertEquals(parseMask(text), expected, text);
  });

  it("has up to 1024 bits", () => {
    assertEquals(parseMask("8" + "0".repeat(255)), [1023]);
    assertEquals(parseMask("f".repeat(256)), range(0, 1023));
    assertEquals(parseMask("0".repeat(1000) + "1"), [0]);
    assertThrows(() => parseMask("1" + "0".repeat(256)), UsageError, "at most 1024 bits");
    assertThrows(() => parseMask("f".repeat(60_000)), UsageError, "at most 1024 bits");
  });

  it("is refused if it is invalid or empty", () => {
    for (const text of ["", "0x", "g", "ff ", "-1", "1.5", "f_f", "0xx1", "1,2", ",00000001", "1,", "\n1"]) {
      assertThrows(() => parseMask(text), UsageError, "must be hexadecimal digits");
    }
    for (const text of ["0", "0x0", "0000"]) assertThrows(() => parseMask(text), UsageError, "is empty");
    assertThrows(() => parseMask("x\n", "Key"), UsageError, 'Key must be hexadecimal digits, not "x\\n"');
  });
});
