import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { moveResult } from "../../src/crypto/move_result.ts";

describe("moveResult", () => {
  it("copies an answer and gives its memory back", () => {
    const answer = new Uint8Array([1, 2, 3]);
    const bytes = new Uint8Array(6);
    moveResult(answer, bytes, 2);
    assertEquals(bytes, new Uint8Array([0, 0, 1, 2, 3, 0]));
    assertEquals(answer.buffer.detached, true);
  });

  it("leaves memory alone that others have a part of", () => {
    const pool = new Uint8Array([7, 8, 9]);
    for (const part of [pool.subarray(0, 2), pool.subarray(1)]) moveResult(part, new Uint8Array(2), 0);
    assertEquals(pool, new Uint8Array([7, 8, 9]));
  });
});
