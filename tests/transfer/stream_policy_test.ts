import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fixedCount, USUAL_STREAMS } from "../../src/session/model/stream_count.ts";
import { SMALL_JOB, streamsFor, workersFor } from "../../src/transfer/stream_policy.ts";

describe("streamsFor", () => {
  const large = { files: SMALL_JOB.files + 1, bytes: 0, complete: false };

  it("is one for a small job, whatever the user wants", () => {
    const small = { ...SMALL_JOB, complete: true };
    assertEquals([USUAL_STREAMS, fixedCount(16)].map((wanted) => streamsFor(small, wanted, 0)), [
      fixedCount(1),
      fixedCount(1),
    ]);
  });

  it("leaves it to the way how many there are, unless the user has said it", () => {
    assertEquals([USUAL_STREAMS, fixedCount(16)].map((wanted) => streamsFor(large, wanted, 0)), [
      USUAL_STREAMS,
      fixedCount(16),
    ]);
  });

  it("is few where the whole is limited, however long the way is: each has its share", () => {
    const limits = [1, 8_000_000, 8_000_001, 1e9];
    assertEquals(limits.map((limit) => streamsFor(large, USUAL_STREAMS, limit)), [1, 1, 2, 4].map(fixedCount));
    assertEquals(streamsFor(large, fixedCount(64), 1e9), fixedCount(64));
  });
});

describe("workersFor", () => {
  it("takes none for a single stream, whatever it does", () => {
    assertEquals(workersFor(1, 8, { threads: 4, busy: true }), 0);
  });

  it("takes none on up to two cores, unless streams have much to compute", () => {
    const workers = (cores: number, busy: boolean) => workersFor(16, cores, { busy });
    assertEquals([1, 2, 3, 8].map((cores) => workers(cores, false)), [0, 0, 2, 7]);
    assertEquals([1, 2, 3, 8].map((cores) => workers(cores, true)), [0, 2, 2, 7]);
  });

  it("takes as many as the user says, and no more than there are streams", () => {
    assertEquals(workersFor(4, 1, { threads: 3, busy: false }), 3);
    assertEquals(workersFor(4, 2, { threads: 0, busy: true }), 0);
    assertEquals(workersFor(4, 64, { busy: false }), 4);
  });
});
