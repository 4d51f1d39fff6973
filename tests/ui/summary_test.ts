import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { summaryLine } from "../../src/ui/summary.ts";

const MIB = 1024 * 1024;
const plain = { type: "finished", failed: 0, skipped: 0, streams: 4, engine: "native" } as const;

describe("summaryLine", () => {
  it("contains files, bytes, time, rate, streams and engine", () =>
    assertEquals(
      summaryLine({ ...plain, files: 420, bytes: 1229 * MIB, elapsedMs: 3400 }),
      "420 files, 1.2 GiB in 3.4 s (361 MiB/s), 4 streams, native engine",
    ));
  it("uses the singular for one", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: 1024, elapsedMs: 500, streams: 1, engine: "portable" }),
      "1 file, 1.0 KiB in 0.5 s (2.0 KiB/s), 1 stream, portable engine",
    ));
  it("contains failed and unchanged files", () =>
    assertEquals(
      summaryLine({ ...plain, files: 418, bytes: MIB, elapsedMs: 1000, failed: 2, skipped: 30 }),
      "418 files, 1.0 MiB in 1.0 s (1.0 MiB/s), 2 failed, 30 unchanged, 4 streams, native engine",
    ));
  it("contains the sent bytes of a copy with compression", () =>
    assertEquals(
      summaryLine({ ...plain, files: 2, bytes: 100 * MIB, elapsedMs: 1000, wireBytes: 20 * MIB }),
      "2 files, 100 MiB in 1.0 s (100 MiB/s), 20.0 MiB sent, 4 streams, native engine",
    ));
  it("shows the rate in bits if requested", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: 125e6, elapsedMs: 1000 }, { bits: true }),
      "1 file, 119 MiB in 1.0 s (1.0 Gbit/s), 4 streams, native engine",
    ));
  it("reports the planned copy of a dry run", () =>
    assertEquals(
      summaryLine({ ...plain, files: 3, bytes: MIB, elapsedMs: 1000, skipped: 30, dryRun: true }),
      "dry run: 3 files to copy, 1.0 MiB, 30 unchanged, 4 streams, native engine",
    ));
  it("does not count resumed bytes for the rate", () =>
    assertEquals(
      summaryLine({ ...plain, files: 1, bytes: 10 * MIB, resumed: 8 * MIB, elapsedMs: 1000 }),
      "1 file, 10.0 MiB in 1.0 s (2.0 MiB/s), 8.0 MiB resumed, 4 streams, native engine",
    ));
  it("omits the rate if no time has elapsed", () =>
    assertEquals(
      summaryLine({ ...plain, files: 0, bytes: 0, elapsedMs: 0 }),
      "0 files, 0 B in 0.0 s, 4 streams, native engine",
    ));
});
