import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { moveResult } from "../../src/crypto/move_result.ts";

describe("moveResult", () => {
  it("copies a result and frees its memory", () => {
    const result = new Uint8Array([1, 2, 3]);
    const bytes = new Uint8Array(6);
    moveResult(result, bytes, 2);
    assertEquals(bytes, new Uint8Array([0, 0, 1, 2, 3, 0]));
    assertEquals(result.buffer.detached, true);
  });

  it("does not free memory that is shared with other results", () => {
    const pool = new Uint8Array([7, 8, 9]);
    for (const part of [pool.subarray(0, 2), pool.subarray(1)]) moveResult(part, new Uint8Array(2), 0);
    assertEquals(pool, new Uint8Array([7, 8, 9]));
  });
});
