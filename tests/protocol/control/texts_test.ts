import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cutText, TextBudget } from "../../../src/protocol/control/texts.ts";
import { assertProtocolError } from "../protocol_error.ts";

describe("cutText", () => {
  it("returns a text that fits unchanged", () => {
    for (const length of [0, 99, 100]) assertEquals(cutText("x".repeat(length), 100), "x".repeat(length));
  });

  it("appends the number of missing characters, within the limit", () => {
    assertEquals(cutText("x".repeat(101), 100), `${"x".repeat(73)}… (and 28 more characters)`);
    assertEquals(cutText("x".repeat(12_445), 130), `${"x".repeat(100)}… (and 12,345 more characters)`);
    for (let length = 101; length < 3_000; length += 7) assert(cutText("x".repeat(length), 100).length <= 100);
  });

  it("does not cut a surrogate pair, and keeps escaped bytes", () => {
    for (let before = 0; before < 4; before++) {
      const text = `${"x".repeat(before)}${"😀".repeat(100)}`;
      assertEquals(/^x*(😀)*…/u.test(cutText(text, 100)), true, cutText(text, 100));
    }
    assert(cutText("\udc80".repeat(200), 100).startsWith("\udc80\udc80"));
  });

  it("does not keep the original text in memory", () => {
    const kept: string[] = [];
    const before = heapBytes();
    for (let index = 0; index < 64; index++) kept.push(cutText(`${index}`.padEnd(1 << 20, "x"), 1_000));
    assert(heapBytes() - before < 32 << 20, `${kept.length} texts keep ${heapBytes() - before} bytes`);
  });
});

describe("TextBudget", () => {
  it("accepts texts up to the limit, and rejects one more unit", () => {
    const budget = new TextBudget(1_000, "names");
    budget.add(400);
    budget.add(600);
    const error = assertProtocolError("bad-message", () => budget.add(1));
    assertEquals(error.message, "Cannot accept all names: together they have more than 1,000 characters");
  });
});

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().heapUsed;
}
