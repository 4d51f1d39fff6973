import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  describeEnd,
  describeTask,
  formatReport,
  MAX_REPORT_LINE,
  parseReport,
  type SessionReport,
} from "../../../src/serve/server/session_report.ts";

const REPORT: SessionReport = {
  task: "push",
  paths: ["incoming"],
  files: 3,
  bytes: 5_242_880,
  failed: 0,
  deleted: 0,
  state: "finished",
};

/** Formats and parses a report. */
function received(report: SessionReport): SessionReport {
  const line = formatReport(report);
  assert(line.length <= MAX_REPORT_LINE, `${line.length}`);
  assertEquals(line.indexOf("\n"), line.length - 1);
  return parseReport(line.slice(0, -1))!;
}

describe("the report of a session", () => {
  it("arrives as it was sent", () => {
    const report = { ...REPORT, variant: "dry run", morePaths: 0, state: "aborted", reason: "lost" } as const;
    assertEquals(received(report), report);
  });

  it("has limits for hostile paths and reasons, and stays one line", () => {
    for (const text of ["\n", "\0", '"', "\ud800", "\u2028", "x"]) {
      const paths = Array<string>(1000).fill(text.repeat(10_000));
      const report = received({ ...REPORT, paths, state: "aborted", reason: text.repeat(10_000) });
      assertEquals([report.paths.length, report.morePaths], [3, 997]);
      const end = describeEnd(report, "status 1");
      assert(end.length < 10_000 && !describeTask(report).includes("\n"), end);
    }
  });

  it("is not a line of the log, or damaged", () => {
    const line = formatReport(REPORT).trimEnd();
    assert(parseReport(line));
    for (
      const other of [
        "",
        `2026-11-30T00:00:00.000Z info  - ${line}`,
        line.slice(0, -1),
        line.replace("5242880", "-1"),
        line.replace("push", "format"),
        line.replace("finished", "won"),
        "escp-session null",
      ]
    ) assertEquals(parseReport(other), undefined, other);
  });

  it("names the task, the outcome and the counts", () => {
    const end = (changes: Partial<SessionReport>) => describeEnd({ ...REPORT, ...changes }, "status 1");
    assertEquals(end({}), 'push to "incoming": complete, 3 files, 5242880 bytes');
    assertEquals(
      end({ task: "pull", paths: ["a", ""], morePaths: 2, files: 1, failed: 2, deleted: 4 }),
      'pull of "a", "." and 2 more: incomplete, 1 file, 5242880 bytes, 2 failed, 4 deleted',
    );
    assertEquals(
      end({ state: "aborted", reason: "the client has disconnected", files: 0, bytes: 7 }),
      'push to "incoming": aborted (the client has disconnected), 0 files, 7 bytes',
    );
    assertEquals(end({ state: "running" }), 'push to "incoming": aborted (status 1), 3 files, 5242880 bytes');
    assertEquals(end({ variant: "dry run", deleted: 2 }), 'push (dry run) to "incoming": complete');
    assertEquals(end({ task: "clean", paths: [] }), "clean: complete");
    assertEquals(describeEnd(undefined, "signal SIGKILL"), "no task (signal SIGKILL)");
  });
});
