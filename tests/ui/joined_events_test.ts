import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FinishedEvent, TransferEvent } from "../../src/transfer/events.ts";
import { JoinedEvents } from "../../src/ui/joined_events.ts";

const finished: FinishedEvent = {
  type: "finished",
  files: 2,
  bytes: 20,
  resumed: 5,
  failed: 1,
  skipped: 3,
  streams: 1,
  engine: "native",
};

describe("JoinedEvents", () => {
  it("counts over all copies and is complete with the last copy", () => {
    const told: TransferEvent[] = [];
    const story = new JoinedEvents(2, (event) => told.push(event));
    for (const streams of [4, 1]) {
      story.begin();
      story.onEvent({ type: "totals", files: 2, bytes: 20, complete: true });
      story.onEvent({ type: "progress", files: 1, bytes: 5 });
      story.onEvent({ ...finished, streams });
    }
    const sum = { ...finished, files: 4, bytes: 40, resumed: 10, failed: 2, skipped: 6, streams: 4 };
    assertEquals(story.finish(), sum);
    assertEquals(told, [
      { type: "connecting" },
      { type: "totals", files: 2, bytes: 20, complete: false },
      { type: "progress", files: 1, bytes: 5 },
      { type: "connecting" },
      { type: "totals", files: 4, bytes: 40, complete: true },
      { type: "progress", files: 3, bytes: 25 },
      sum,
    ]);
  });

  it("counts the progress and the failure of a copy that ended early", () => {
    const told: TransferEvent[] = [];
    const story = new JoinedEvents(2, (event) => told.push(event));
    story.begin();
    story.onEvent({ type: "progress", files: 1, bytes: 5 });
    story.failed({ message: "Cannot continue", hint: "Again" });
    story.begin();
    story.onEvent({ type: "progress", files: 1, bytes: 1 });
    story.onEvent(finished);
    assertEquals(told.filter(({ type }) => type === "failed" || type === "progress"), [
      { type: "progress", files: 1, bytes: 5 },
      { type: "failed", path: "", message: "Cannot continue", hint: "Again" },
      { type: "progress", files: 2, bytes: 6 },
    ]);
    assertEquals(story.finish().failed, 2);
  });
});
