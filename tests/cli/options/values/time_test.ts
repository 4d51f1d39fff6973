import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseTime } from "../../../../src/cli/options/values/time.ts";
import { UsageError } from "../../../../src/errors.ts";
import { copyRun, usageError } from "../command_lines.ts";

const parse = (text: string) => parseTime(text, "x", 1e12);

describe("times on the command line", () => {
  it("are ages before the present", () => {
    assertEquals(["0", "90s", "12h", "2w"].map(parse), [1e12, 1e12 - 90e3, 1e12 - 432e5, 1e12 - 12096e5]);
  });

  it("are dates in local time, or with an offset from UTC", () => {
    const times = {
      "2026-11-01": new Date(2026, 10, 1),
      "2026-11-01T12:30": new Date(2026, 10, 1, 12, 30),
      "2026-11-01 12:30:15": new Date(2026, 10, 1, 12, 30, 15),
      "2026-11-01T12:00Z": new Date("2026-11-01T12:00:00Z"),
      "2026-11-01T12:00:01.5+01:00": new Date("2026-11-01T11:00:01.500Z"),
      "2026-11-01T12:00-0130": new Date("2026-11-01T13:30:00Z"),
      "1969-12-31T23:59:59Z": new Date(-1000),
      "2024-02-29": new Date(2024, 1, 29),
    };
    for (const [text, time] of Object.entries(times)) assertEquals(parse(text), time.getTime(), text);
  });

  it("are refused in any other form", () => {
    const texts = ["", "5", "now", "2026", "2026-11", "2026-13-01", "2026-02-30", "2026-11-01T25:00", "2026-11-01T12"];
    for (const text of [...texts, "01.11.2026", "2026-11-01Z", "-1d", "2026-11-01T12:00+25:00"]) {
      assertThrows(() => parse(text), UsageError, "must be an age such as", text);
      assertEquals(usageError(`--newer-than=${text}`, "a", "b").startsWith('Option "--newer-than" must be'), true);
    }
  });
});

describe("the selection of files", () => {
  it("is part of the request", () => {
    assertEquals(copyRun("a", "b").host.request.select, undefined);
    const { select } =
      copyRun("--max-size=1M", "--min-size", "1K", "--newer-than=2026-11-01T00:00Z", "a", "b").host.request;
    assertEquals(select, {
      maxSize: 1 << 20,
      minSize: 1 << 10,
      fromMs: Date.UTC(2026, 10, 1),
      beforeMs: undefined,
      ignoreFiles: undefined,
    });
    assertEquals(copyRun("--older-than", "1970-01-01T00:00Z", "a", "b").host.request.select?.beforeMs, 0);
  });

  it("is refused if it is empty, and for standard input", () => {
    assertEquals(
      usageError("--min-size=2", "--max-size=1", "a", "b"),
      'Cannot use a "--min-size" above "--max-size": no file has such a size',
    );
    assertEquals(
      usageError("--max-size=1", "-", "host:b"),
      'Cannot use "--max-size" with standard input: it has neither a size nor a time',
    );
  });
});
