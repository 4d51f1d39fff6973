import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fixedCount, USUAL_STREAMS } from "../../../src/session/model/stream_count.ts";
import { SMALL_JOB, streamsFor, workersFor } from "../../../src/transfer/streams/stream_policy.ts";

describe("streamsFor", () => {
  const large = { files: SMALL_JOB.files + 1, bytes: 0, complete: false };

  it("is one for a small job, even if the user requests more", () => {
    const small = { ...SMALL_JOB, complete: true };
    assertEquals([USUAL_STREAMS, fixedCount(16)].map((wanted) => streamsFor(small, wanted, 0)), [
      fixedCount(1),
      fixedCount(1),
    ]);
  });

  it("depends on the round trip unless the user has set it", () => {
    assertEquals([USUAL_STREAMS, fixedCount(16)].map((wanted) => streamsFor(large, wanted, 0)), [
      USUAL_STREAMS,
      fixedCount(16),
    ]);
  });

  it("is small with a rate limit, for any round trip, so that each has its share", () => {
    const limits = [1, 8_000_000, 8_000_001, 1e9];
    assertEquals(limits.map((limit) => streamsFor(large, USUAL_STREAMS, limit)), [1, 1, 2, 4].map(fixedCount));
    assertEquals(streamsFor(large, fixedCount(64), 1e9), fixedCount(64));
  });
});

describe("workersFor", () => {
  it("is zero for a single stream", () => {
    assertEquals(workersFor(1, 8, { threads: 4, busy: true }), 0);
  });

  it("is zero on up to two cores unless streams compute much", () => {
    const workers = (cores: number, busy: boolean) => workersFor(16, cores, { busy });
    assertEquals([1, 2, 3, 8].map((cores) => workers(cores, false)), [0, 0, 2, 7]);
    assertEquals([1, 2, 3, 8].map((cores) => workers(cores, true)), [0, 2, 2, 7]);
  });

  it("is the number of the user, at most one per stream", () => {
    assertEquals(workersFor(4, 1, { threads: 3, busy: false }), 3);
    assertEquals(workersFor(4, 2, { threads: 0, busy: true }), 0);
    assertEquals(workersFor(4, 64, { busy: false }), 4);
  });
});
