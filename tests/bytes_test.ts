import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { concat, equals, indexOfNeedle } from "../src/bytes.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("equals", () => {
  it("compares all bytes and the lengths", () => {
    assertEquals(equals(bytes(), bytes()), true);
    assertEquals(equals(bytes(1, 2), bytes(1, 2)), true);
    for (const other of [bytes(1), bytes(1, 2, 3), bytes(0, 2), bytes(1, 0)]) {
      assertEquals(equals(bytes(1, 2), other), false);
    }
  });
});

describe("concat", () => {
  it("joins any number of parts", () => {
    assertEquals(concat([]), bytes());
    assertEquals(concat([bytes(1), bytes(), bytes(2, 3)]), bytes(1, 2, 3));
  });
});

describe("indexOfNeedle", () => {
  it("finds the first occurrence, also at the ends and after a partial match", () => {
    const text = bytes(1, 1, 2, 3, 1, 2);
    assertEquals([[1, 2], [1, 1], [3, 1, 2], [2, 1], [9], []].map((needle) => indexOfNeedle(text, bytes(...needle))), [
      1,
      0,
      3,
      -1,
      -1,
      0,
    ]);
    assertEquals(indexOfNeedle(bytes(1), bytes(1, 2)), -1);
  });
});
