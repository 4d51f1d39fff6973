import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { exactly, streamsOver, USUAL_STREAMS, whyMore } from "../../../src/session/model/stream_count.ts";

describe("streamsOver", () => {
  it("is four up to 16 ms, one more for each further 4 ms, and 16 at most", () => {
    const ways = [0, 0.1, 15.9, 16, 16.1, 20, 20.1, 50, 60, 60.1, 64, 300, Infinity];
    assertEquals(ways.map((ms) => streamsOver(ms, USUAL_STREAMS)), [4, 4, 4, 4, 5, 5, 6, 13, 15, 16, 16, 16, 16]);
  });

  it("is four where nobody knows how long the way is", () => {
    assertEquals(streamsOver(undefined, USUAL_STREAMS), 4);
  });

  it("is what was said, however long the way is", () => {
    assertEquals([1, 4, 64].map((streams) => streamsOver(300, exactly(streams))), [1, 4, 64]);
    assertEquals(streamsOver(300, exactly(0)), 0);
  });
});

describe("whyMore", () => {
  it("says why there are more than few, and nothing where there are not", () => {
    assertEquals(whyMore(13, USUAL_STREAMS, 50.4), "round trip 50 ms: 13 connections");
    assertEquals([whyMore(4, USUAL_STREAMS, 2), whyMore(1, USUAL_STREAMS, 50)], [undefined, undefined]);
    assertEquals(whyMore(16, exactly(16), 50), undefined);
  });
});
