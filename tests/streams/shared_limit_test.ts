import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { countStream, sharedLimit, shareOf } from "../../src/streams/shared_limit.ts";

describe("a rate limit that streams share", () => {
  it("is divided among the running streams", () => {
    const limit = sharedLimit(12_000);
    const shares = ([1, 1, 1, -1, -1, -1] as const).map((change) => {
      countStream(limit, change);
      return shareOf(limit);
    });
    assertEquals(shares, [12_000, 6_000, 4_000, 6_000, 12_000, 12_000]);
  });

  it("has the same state in other threads", () => {
    const limit = sharedLimit(12_000);
    const there = { ...limit };
    countStream(limit, 1);
    countStream(limit, 1);
    assertEquals(shareOf(there), 6_000);
  });
});
