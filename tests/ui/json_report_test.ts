import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { JsonReport } from "../../src/ui/json_report.ts";

const ABOUT = { version: "1.2.3", sources: ["a", "host:b"], target: "c" };

/** Creates a report with a clock that the test sets. */
function reportAt(clock: { ms: number }) {
  const lines: string[] = [];
  const report = new JsonReport({ write: (line) => lines.push(line), now: () => clock.ms }, ABOUT);
  return { report, read: () => lines.splice(0).map((line) => JSON.parse(line)), lines };
}

describe("JsonReport", () => {
  it("preserves names exactly, and escapes characters that a terminal would interpret, hide or reorder", () => {
    const { report, read, lines } = reportAt({ ms: 0 });
    lines.length = 0;
    const path = "a\u202eb\u200bc\u009b31m\u{e0041}\udcff";
    report.onEvent({ type: "planned", action: "send", path, bytes: 1 });
    assertEquals(/^[\x20-\x7e]*\n$/.test(lines[0]), true, lines[0]);
    assertEquals(read(), [{ event: "planned", action: "send", path, bytes: 1 }]);
  });

  it("reports a copy from start to end, one object per line", () => {
    const clock = { ms: 1000 };
    const { report, read, lines } = reportAt(clock);
    report.onEvent({ type: "totals", files: 2, bytes: 30, complete: true });
    clock.ms = 1250;
    report.onEvent({ type: "connected", streams: 4, engine: "native", address: "192.0.2.1" });
    report.onEvent({ type: "failed", path: "a\nb", message: "Cannot read", hint: "Look" });
    report.onEvent({ type: "note", message: "odd" });
    clock.ms = 3000;
    const finished = {
      files: 1,
      bytes: 20,
      resumed: 15,
      failed: 1,
      skipped: 0,
      streams: 4,
      engine: "native",
    };
    report.onEvent({ type: "finished", ...finished });
    assertEquals(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1), true);
    assertEquals(read(), [
      { event: "start", ...ABOUT },
      {
        event: "progress",
        files: 0,
        bytes: 0,
        totalFiles: 2,
        totalBytes: 30,
        totalKnown: true,
        bytesPerSecond: null,
        secondsLeft: null,
      },
      { event: "connected", streams: 4, engine: "native", address: "192.0.2.1" },
      { event: "failed", path: "a\nb", message: "Cannot read", hint: "Look" },
      { event: "note", message: "odd" },
      {
        event: "end",
        status: "failed",
        files: 1,
        bytes: 20,
        resumed: 15,
        failed: 1,
        skipped: 0,
        streams: 4,
        engine: "native",
        exitStatus: 1,
        seconds: 2,
        phases: { connect: 0.25, transfer: 1.75 },
      },
    ]);
  });

  it("reports progress at most twice per second, with rate and remaining time when known", () => {
    const clock = { ms: 0 };
    const { report, read } = reportAt(clock);
    report.onEvent({ type: "connected", streams: 1, engine: "portable" });
    report.onEvent({ type: "totals", files: 1, bytes: 4000, complete: true });
    read();
    for (clock.ms = 100; clock.ms <= 2000; clock.ms += 100) {
      report.onEvent({ type: "progress", files: 0, bytes: clock.ms });
    }
    const told = read();
    assertEquals(told.length, 4);
    assertEquals([told[3].bytesPerSecond, told[3].secondsLeft], [1000, 2]);
  });

  it("ends once with the error that ended the copy", () => {
    const { report, read } = reportAt({ ms: 0 });
    read();
    report.fail("Cannot log in", 255);
    report.fail("again", 1);
    assertEquals(read(), [{ event: "end", status: "error", message: "Cannot log in", exitStatus: 255, seconds: 0 }]);
  });
});
