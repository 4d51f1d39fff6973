import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { summaryLine } from "../../src/ui/summary.ts";

const MIB = 1024 * 1024;
const plain = { type: "finished", failed: 0, skipped: 0, streams: 4, engine: "native" } as const;
const second = { totalMs: 1000 };

describe("summaryLine", () => {
  it("contains files, bytes, the time since the start of the command, and the rate", () =>
    assertEquals(
      summaryLine({ ...plain, files: 420, bytes: 1229 * MIB }, { totalMs: 3400 }),
      "420 files, 1.2 GiB copied in 3.4 s (361 MiB/s)",
    ));
  it("contains streams and engine with -v, in the singular for one", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: 1024, streams: 1, engine: "portable" }, { totalMs: 500, verbose: 1 }),
      "1 file, 1.0 KiB copied in 0.5 s (2.0 KiB/s), 1 stream, portable engine",
    ));
  it("contains failed files first, and unchanged files", () =>
    assertEquals(
      summaryLine({ ...plain, files: 418, bytes: MIB, failed: 2, skipped: 30 }, second),
      "2 failed, 418 files, 1.0 MiB copied in 1.0 s (1.0 MiB/s), 30 unchanged",
    ));
  it("contains deleted entries", () => {
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: MIB, deleted: 3, skipped: 2 }, second),
      "1 file, 1.0 MiB copied in 1.0 s (1.0 MiB/s), 3 deleted, 2 unchanged",
    );
    assertEquals(
      summaryLine({ ...plain, files: 0, bytes: 0, deleted: 3, dryRun: true }, second),
      "dry run: 0 files to copy, 0 B, 3 to delete",
    );
    assertEquals(summaryLine({ ...plain, files: 0, bytes: 0, deleted: 0 }, second).includes("delete"), false);
  });
  it("states first that the copy stopped early", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: MIB, failed: 1, stopped: true }, second),
      "stopped early, 1 failed, 1 file, 1.0 MiB copied in 1.0 s (1.0 MiB/s)",
    ));
  it("contains the sent bytes of a copy with compression", () =>
    assertEquals(
      summaryLine({ ...plain, files: 2, bytes: 100 * MIB, wireBytes: 20 * MIB }, second),
      "2 files, 100 MiB copied in 1.0 s (100 MiB/s), 20.0 MiB sent",
    ));
  it("shows the rate in bits if requested", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: 125e6 }, { ...second, bits: true }),
      "1 file, 119 MiB copied in 1.0 s (1.0 Gbit/s)",
    ));
  it("reports the planned copy of a dry run", () =>
    assertEquals(
      summaryLine({ ...plain, files: 3, bytes: MIB, skipped: 30, dryRun: true }, second),
      "dry run: 3 files to copy, 1.0 MiB, 30 unchanged",
    ));
  it("does not report a measurement without disks as a copy", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: MIB, dummy: "receiver" }, second),
      "1 file, 1.0 MiB in 1.0 s (1.0 MiB/s), nothing was written (dummy)",
    ));
  it("does not count resumed bytes for the rate", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: 10 * MIB, resumed: 8 * MIB }, second),
      "1 file, 10.0 MiB copied in 1.0 s (2.0 MiB/s), 8.0 MiB resumed",
    ));
  it("omits the rate if no time has elapsed", () =>
    assertEquals(summaryLine({ ...plain, files: 0, bytes: 0 }, { totalMs: 0 }), "0 files, 0 B copied in 0.0 s"));
});
