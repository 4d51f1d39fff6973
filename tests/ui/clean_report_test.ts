import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CleanJson, CleanListing, type CleanReport, cleanSummary } from "../../src/ui/clean_report.ts";

const ABOUT = { version: "1.2.3", directories: ["a", "host:b"], age: "1d", dryRun: false };
const OUTCOME = { files: 2, bytes: 1_049_000, failed: 1, kept: 3 };

/** Reports a run with two removed files and one failure. */
function fill(report: CleanReport): void {
  report.begin();
  report.removed(undefined, { path: "/a\nb\x1b[2J", bytes: 1 << 20 });
  report.removed("host", { path: "/c", bytes: 424 });
  report.failed("host", { path: "/d", message: "Cannot remove it", hint: "" });
  report.note("note");
  report.end({ status: "failed", exitStatus: 1, outcome: OUTCOME });
}

describe("the report of --clean", () => {
  it("lists the files, escaped for a terminal, and the sum", () => {
    const lines: string[] = [];
    fill(new CleanListing(ABOUT, (line) => lines.push(line)));
    assertEquals(lines, [
      "removed  /a\\nb\\x1b[2J  1.0 MiB\n",
      "removed  host:/c  424 B\n",
      "2 files removed, 1.0 MiB; 3 kept: in use, or changed less than 1d ago; 1 failed\n",
    ]);
  });

  it("lists the files that a dry run would remove", () => {
    const lines: string[] = [];
    const listing = new CleanListing({ ...ABOUT, dryRun: true }, (line) => lines.push(line));
    listing.removed(undefined, { path: "a", bytes: 1 });
    assertEquals(lines, ["remove   a  1 B\n"]);
    assertEquals(
      cleanSummary({ files: 1, bytes: 1, failed: 0, kept: 0 }, { age: "1d", dryRun: true }),
      "1 file to remove, 1 B",
    );
  });

  it("writes one JSON object per line with --json", () => {
    const lines: string[] = [];
    let now = 1_000;
    const output = { write: (line: string) => lines.push(line), now: () => now };
    const report = new CleanJson(ABOUT, output);
    now = 3_500;
    fill(report);
    assertEquals(lines.map((line) => JSON.parse(line)), [
      { event: "start", version: "1.2.3", folders: ["a", "host:b"] },
      { event: "removed", path: "/a\nb\x1b[2J", bytes: 1 << 20 },
      { event: "removed", host: "host", path: "/c", bytes: 424 },
      { event: "failed", host: "host", path: "/d", message: "Cannot remove it" },
      { event: "note", message: "note" },
      { event: "end", status: "failed", exitStatus: 1, seconds: 2.5, ...OUTCOME },
    ]);
    lines.length = 0;
    new CleanJson({ ...ABOUT, dryRun: true }, output).removed(undefined, { path: "a", bytes: 1 });
    assertEquals(JSON.parse(lines[0]), { event: "planned", action: "remove", path: "a", bytes: 1 });
  });
});
