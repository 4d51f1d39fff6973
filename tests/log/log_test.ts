import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatLogRecord, Log, LOG_LEVELS, logLevelFor, type LogRecord } from "../../src/log/log.ts";

describe("Log", () => {
  it("logs its own and lower levels", () => {
    for (const [index, level] of LOG_LEVELS.entries()) {
      const seen: string[] = [];
      const log = new Log({ level, sink: (record) => seen.push(record.level) });
      for (const each of LOG_LEVELS) log[each]("x");
      assertEquals(seen, LOG_LEVELS.slice(0, index + 1));
    }
  });

  it("builds a message only if its level is logged", () => {
    let built = 0;
    const message = () => `message ${++built}`;
    const records: LogRecord[] = [];
    const log = new Log({ level: "info", sink: (record) => records.push(record), now: () => 5, session: "ab" });
    log.debug(message);
    log.info(message);
    assertEquals(records, [{ timeMs: 5, level: "info", session: "ab", message: "message 1" }]);
  });

  it("contains the session once it is known", () => {
    const sessions: string[] = [];
    const log = new Log({ level: "info", sink: (record) => sessions.push(record.session) });
    log.info("a");
    log.session = "3f9a";
    log.info("b");
    assertEquals(sessions, ["", "3f9a"]);
  });

  it("logs records of other threads up to the same level", () => {
    const seen: string[] = [];
    const log = new Log({ level: "info", sink: (record) => seen.push(record.message) });
    log.add({ timeMs: 0, level: "debug", session: "", message: "no" });
    log.add({ timeMs: 0, level: "warn", session: "", message: "yes" });
    assertEquals(seen, ["yes"]);
  });
});

describe("logLevelFor", () => {
  it("increases with the number of -v", () =>
    assertEquals(
      [0, 1, 2, 3, 4].map((verbose) => logLevelFor({ verbose, quiet: false })),
      ["warn", "info", "debug", "trace", "trace"],
    ));
  it("is error with -q", () => assertEquals(logLevelFor({ verbose: 0, quiet: true }), "error"));
  it("depends on -v, not -q, if both are given", () => assertEquals(logLevelFor({ verbose: 1, quiet: true }), "info"));
});

describe("formatLogRecord", () => {
  const timeMs = Date.UTC(2025, 10, 21, 0, 58, 12, 345);
  it("contains time, level, session and message", () => {
    const record = { timeMs, level: "info", session: "3f9a2c", message: "4 streams" } as const;
    assertEquals(formatLogRecord(record), "2025-11-21T00:58:12.345Z info  3f9a2c 4 streams");
  });
  it("escapes invisible characters", () => {
    const record = { timeMs: 0, level: "info", session: "", message: "a\u200bb\u061c\ufeff\u{e0020}" } as const;
    assertEquals(formatLogRecord(record), "1970-01-01T00:00:00.000Z info  - a\\u200bb\\u061c\\ufeff\\u{e0020}");
  });
  it("is one line for any message", () => {
    const record = { timeMs: 0, level: "error", session: "", message: "a\n2030-01-01 \u001b[1m\r" } as const;
    assertEquals(formatLogRecord(record), "1970-01-01T00:00:00.000Z error - a\\n2030-01-01 \\x1b[1m\\r");
  });
});
