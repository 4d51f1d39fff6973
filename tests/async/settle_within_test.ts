import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { settleWithin } from "../../src/async/settle_within.ts";

describe("settleWithin", () => {
  it("settles as the promise does and leaves no timer", async () => {
    assertEquals(await settleWithin(60_000, Promise.resolve(5)), 5);
    await assertRejects(() => settleWithin(60_000, Promise.reject(new Error("failed"))), Error, "failed");
  });

  it("returns undefined after the time, and ignores a later rejection", async () => {
    const work = Promise.withResolvers<number>();
    assertEquals(await settleWithin(5, work.promise), undefined);
    work.reject(new Error("late"));
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
});
