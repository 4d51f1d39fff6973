import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { progressLine, STALLED_AFTER_MS } from "../../src/ui/progress_line.ts";
import { foldEvent, INITIAL_STATE, type ProgressState } from "../../src/ui/progress_state.ts";
import { textWidth } from "../../src/ui/text_width.ts";

const MIB = 1024 * 1024;
const nowMs = 2000;

/** The state two seconds after the start of a copy of 420 files with 2.6 GiB. */
function running(options: { complete?: boolean; failures?: number; files?: number } = {}): ProgressState {
  const { complete = true, failures = 0, files = 420 } = options;
  let state = foldEvent(INITIAL_STATE, { type: "connected", streams: 4, engine: "native" }, 0);
  state = foldEvent(state, { type: "totals", files, bytes: 2662 * MIB, complete }, 0);
  state = foldEvent(state, { type: "progress", files: Math.min(212, files - 1), bytes: 1229 * MIB }, nowMs);
  for (let count = 0; count < failures; count++) {
    state = foldEvent(state, { type: "failed", path: "x", message: "x" }, nowMs);
  }
  return state;
}

describe("progressLine", () => {
  it("shows all numbers on a wide terminal", () =>
    assertEquals(
      progressLine(running({ failures: 2 }), { width: 100, nowMs }),
      " 46%   1.2 GiB of 2.6 GiB   615 MiB/s  ETA 0:03  212 of 420 files  2 failed",
    ));

  it("shows the rate in bits if requested", () =>
    assertEquals(
      progressLine(running(), { width: 100, nowMs, bits: true }),
      " 46%   1.2 GiB of 2.6 GiB  5.2 Gbit/s  ETA 0:03  212 of 420 files",
    ));

  it("omits the least important numbers first", () => {
    const state = running({ failures: 2 });
    const lines = [75, 74, 56, 55, 45, 44, 35, 34, 26, 25, 20, 16, 15, 4].map((width) =>
      progressLine(state, { width, nowMs })
    );
    assertEquals([...new Set(lines)], [
      " 46%   1.2 GiB of 2.6 GiB   615 MiB/s  ETA 0:03  212 of 420 files  2 failed",
      " 46%   1.2 GiB of 2.6 GiB   615 MiB/s  ETA 0:03  2 failed",
      " 46%   1.2 GiB   615 MiB/s  ETA 0:03  2 failed",
      " 46%   1.2 GiB   615 MiB/s  ETA 0:03",
      " 46%   615 MiB/s  ETA 0:03",
      " 46%   615 MiB/s",
      " 46%",
    ]);
  });

  it("never exceeds the width in any state", () => {
    const states = [
      INITIAL_STATE,
      running(),
      running({ complete: false }),
      running({ failures: 1000 }),
      running({ files: 1 }),
    ];
    for (const state of states) {
      for (const at of [nowMs, 60_000, 4e8]) {
        for (const label of [undefined, "big.iso", "日本語のファイル.tar.gz"]) {
          for (let width = 1; width <= 140; width++) {
            const line = progressLine(state, { width, nowMs: at, label });
            assert(textWidth(line) <= width, `${width}: ${line}`);
          }
        }
      }
    }
  });

  it("shows no percentage and ETA while the walk is running", () =>
    assertEquals(
      progressLine(running({ complete: false }), { width: 100, nowMs }),
      " 1.2 GiB   615 MiB/s  212 files, 420 found",
    ));

  it("shows the name instead of the count for a single file", () =>
    assertEquals(
      progressLine(running({ files: 1 }), { width: 80, nowMs, label: "big.iso" }),
      "big.iso   46%   1.2 GiB of 2.6 GiB   615 MiB/s  ETA 0:03",
    ));

  it("shows no count for a single pipe of unknown length", () =>
    assertEquals(
      progressLine(running({ complete: false, files: 1 }), { width: 80, nowMs, label: "-" }),
      "-   1.2 GiB   615 MiB/s",
    ));

  it("cuts a long name, and omits one that would become too short", () => {
    const label = "a-very-long-name-of-a-file.iso";
    assertEquals(
      progressLine(running({ files: 1 }), { width: 63, nowMs, label }),
      "a-very-long-n…   46%   1.2 GiB of 2.6 GiB   615 MiB/s  ETA 0:03",
    );
    assertEquals(
      progressLine(running({ files: 1 }), { width: 60, nowMs, label }),
      " 46%   1.2 GiB of 2.6 GiB   615 MiB/s  ETA 0:03",
    );
  });

  it("shows no rate in the first second", () => {
    const state = foldEvent(INITIAL_STATE, { type: "connected", streams: 4, engine: "native" }, 0);
    assertEquals(progressLine(state, { width: 80, nowMs: 999 }), "     0 B  0 files, 0 found");
  });

  it("shows a stall instead of the rate", () => {
    const line = (later: number) => progressLine(running(), { width: 60, nowMs: nowMs + later });
    assertEquals(line(STALLED_AFTER_MS - 1).includes("stalled"), false);
    assertEquals(line(STALLED_AFTER_MS), " 46%   1.2 GiB of 2.6 GiB  stalled 0:05  212 of 420 files");
    assertEquals(progressLine(running(), { width: 20, nowMs: nowMs + 12_000 }), " 46%  stalled 0:12");
  });

  it("shows what is being verified while nothing arrives, and no stall", () => {
    let state = foldEvent(running({ files: 1 }), { type: "checking", bytes: 317 * MIB }, nowMs);
    const line = (later: number) => progressLine(state, { width: 80, nowMs: nowMs + later });
    assertEquals(line(0), " 46%   1.2 GiB of 2.6 GiB   615 MiB/s  ETA 0:03");
    assertEquals(line(60_000), " 46%   1.2 GiB of 2.6 GiB  checking 317 MiB to resume");
    state = foldEvent(state, { type: "checking", bytes: 0 }, nowMs + 60_000);
    assertEquals(line(60_100), " 46%   1.2 GiB of 2.6 GiB       0 B/s");
  });

  it("ends at 100 percent without showing a stall", () => {
    const state = foldEvent(running(), { type: "progress", files: 420, bytes: 2662 * MIB }, nowMs);
    assertEquals(
      progressLine(state, { width: 80, nowMs: nowMs + 60_000 }),
      "100%   2.6 GiB of 2.6 GiB       0 B/s  420 of 420 files",
    );
  });
});
