import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { explainCount, fixedCount, streamsForRtt, USUAL_STREAMS } from "../../../src/session/model/stream_count.ts";

describe("streamsForRtt", () => {
  it("is four up to 16 ms, one more for each further 4 ms, and 16 at most", () => {
    const ways = [0, 0.1, 15.9, 16, 16.1, 20, 20.1, 50, 60, 60.1, 64, 300, Infinity];
    assertEquals(ways.map((ms) => streamsForRtt(ms, USUAL_STREAMS)), [4, 4, 4, 4, 5, 5, 6, 13, 15, 16, 16, 16, 16]);
  });

  it("is four if the round trip is unknown", () => {
    assertEquals(streamsForRtt(undefined, USUAL_STREAMS), 4);
  });

  it("is the fixed count for any round trip", () => {
    assertEquals([1, 4, 64].map((streams) => streamsForRtt(300, fixedCount(streams))), [1, 4, 64]);
    assertEquals(streamsForRtt(300, fixedCount(0)), 0);
  });
});

describe("explainCount", () => {
  it("explains a count above the minimum, and no other", () => {
    assertEquals(explainCount(13, USUAL_STREAMS, 50.4), "round trip 50 ms: 13 connections");
    assertEquals([explainCount(4, USUAL_STREAMS, 2), explainCount(1, USUAL_STREAMS, 50)], [undefined, undefined]);
    assertEquals(explainCount(16, fixedCount(16), 50), undefined);
  });
});
