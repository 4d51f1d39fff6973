import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { workersFor } from "../../src/transfer/small_job.ts";

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
