import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { foldEvent, INITIAL_STATE } from "../../src/ui/progress_state.ts";
import { retryNote } from "../../src/ui/retry_note.ts";

describe("a session that is begun again", () => {
  it("is told in one sentence, with the pause and the tries after it", () => {
    const told = (left: number) =>
      retryNote({ type: "retry", message: "the session with h was lost (x)", pauseSeconds: 2, left });
    assertEquals(told(4), "The session with h was lost (x); trying again in 2 s, 4 tries left");
    assertEquals(told(1), "The session with h was lost (x); trying again in 2 s, 1 try left");
    assertEquals(told(0), "The session with h was lost (x); trying again in 2 s, 0 tries left");
  });

  it("counts from nothing, but keeps what failed", () => {
    const events: TransferEvent[] = [
      { type: "connected", streams: 1, engine: "native" },
      { type: "totals", files: 3, bytes: 300, complete: true },
      { type: "failed", path: "a", message: "no" },
      { type: "progress", files: 1, bytes: 200 },
      { type: "retry", message: "lost", pauseSeconds: 1, left: 4 },
    ];
    const state = events.reduce((state, event) => foldEvent(state, event, 5), INITIAL_STATE);
    assertEquals(state, { ...INITIAL_STATE, failed: 1, movedMs: 5 });
  });
});
