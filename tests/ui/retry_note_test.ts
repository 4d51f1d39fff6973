import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { foldEvent, INITIAL_STATE } from "../../src/ui/progress_state.ts";
import { retryNote } from "../../src/ui/retry_note.ts";

describe("a reconnection", () => {
  it("is described with the pause and the number of further tries", () => {
    const note = (left: number) =>
      retryNote({ type: "retry", message: "the session with h was lost (x)", pauseSeconds: 2, left });
    assertEquals(note(4), "The session with h was lost (x); trying again in 2 s, 4 tries left");
    assertEquals(note(1), "The session with h was lost (x); trying again in 2 s, 1 try left");
    assertEquals(note(0), "The session with h was lost (x); trying again in 2 s, 0 tries left");
  });

  it("resets the progress, but keeps the number of failures", () => {
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
