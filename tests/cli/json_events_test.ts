import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseEvents } from "../../src/cli/json_events.ts";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { JsonReport } from "../../src/ui/json_report.ts";

describe("parseEvents", () => {
  it("returns the events that --json was given", () => {
    const lines: string[] = [];
    let now = 0;
    const report = new JsonReport({ write: (line) => lines.push(line), now: () => now }, {
      version: "1",
      sources: ["a"],
      target: "b",
    });
    const events: TransferEvent[] = [
      { type: "connected", streams: 4, engine: "native", address: "::1", host: "h" },
      { type: "totals", files: 2, bytes: 30, complete: true },
      { type: "progress", files: 1, bytes: 10 },
      { type: "failed", path: "x", message: "Cannot", hint: "Do", host: "h", reason: "r" },
      { type: "planned", action: "replace", path: "a/b", bytes: 9 },
      { type: "deleted", path: "a/old/" },
      { type: "retry", message: "lost", pauseSeconds: 1, left: 4, host: "h", reason: "r" },
      { type: "note", message: "so", host: "h" },
      {
        type: "finished",
        files: 1,
        bytes: 30,
        resumed: 10,
        reused: 5,
        failed: 1,
        skipped: 2,
        deleted: 1,
        removedSources: 4,
        dryRun: true,
        streams: 4,
        engine: "native",
      },
    ];
    for (const event of events) {
      report.onEvent(event);
      now += 1000;
    }
    const [connected, , , failed, planned, deleted, retry, note, finished] = events;
    const parsed = lines.flatMap((line) => parseEvents(line.trimEnd()));
    assertEquals(parsed.filter(({ type }) => type !== "totals" && type !== "progress"), [
      connected,
      { ...failed, isPrinted: true, side: "sender" },
      planned,
      deleted,
      retry,
      note,
      { ...finished, verified: undefined, stopped: undefined, wireBytes: undefined, dummy: undefined },
    ]);
    assertEquals(parsed.filter(({ type }) => type === "totals").at(-1), events[1]);
  });

  it("ignores lines that are not events, and invalid fields", () => {
    const lines = ["", "Welcome!", "null", "[1]", '{"event":5}', '{"event":"end","status":"error","message":"x"}', "{"];
    assertEquals(lines.flatMap(parseEvents), []);
    assertEquals(parseEvents('{"event":"progress","files":-1,"bytes":"many"}'), [
      { type: "totals", files: 0, bytes: 0, complete: false },
      { type: "progress", files: 0, bytes: 0 },
    ]);
  });
});
