import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { foldEvent, INITIAL_STATE, percentOf, type ProgressState } from "../../src/ui/progress_state.ts";

function fold(...events: TransferEvent[]): ProgressState {
  return events.reduce((state, event, index) => foldEvent(state, event, index * 1000), INITIAL_STATE);
}

const connected = { type: "connected", streams: 4, engine: "native" } as const;
const totals = (files: number, bytes: number, complete = true) => ({ type: "totals", files, bytes, complete } as const);
const progress = (files: number, bytes: number) => ({ type: "progress", files, bytes } as const);
const failed = { type: "failed", path: "a", message: 'Cannot read "a": gone' } as const;

describe("foldEvent", () => {
  it("collects the numbers of the events", () => {
    const state = fold(connected, totals(3, 100, false), progress(1, 40), failed, totals(4, 200));
    assertEquals({ ...state, meter: state.meter.length }, {
      connectedMs: 0,
      filesTotal: 4,
      bytesTotal: 200,
      totalsComplete: true,
      filesDone: 1,
      bytesDone: 40,
      failed: 1,
      checking: 0,
      file: undefined,
      meter: 2,
      movedMs: 4000,
    });
  });

  it("ignores reports with smaller numbers", () => {
    const state = fold(connected, progress(5, 50), progress(4, 60), progress(6, 40));
    assertEquals([state.filesDone, state.bytesDone], [6, 60]);
  });

  it("does not count a repeated report as progress", () =>
    assertEquals(fold(connected, progress(1, 1), progress(1, 1), totals(0, 0)).movedMs, 1000));

  it("forgets the file and the verified bytes of a copy when the next one connects", () => {
    const state = fold(connected, { ...progress(0, 5), file: "a" }, { type: "checking", bytes: 9 }, {
      type: "connecting",
    });
    assertEquals([state.file, state.checking, state.bytesDone], [undefined, 0, 5]);
  });

  it("keeps the bytes that are being verified while other files move, until the receiver has verified them", () => {
    const checking = (bytes: number) => ({ type: "checking", bytes }) as const;
    assertEquals(fold(connected, progress(0, 5), checking(9), progress(0, 6)).checking, 9);
    assertEquals(fold(connected, progress(0, 5), checking(9), progress(0, 6), checking(0)).checking, 0);
  });

  it("does not modify its argument", () => {
    const before = structuredClone(INITIAL_STATE);
    fold(connected, totals(1, 1), progress(1, 1), failed);
    assertEquals(INITIAL_STATE, before);
  });
});

describe("percentOf", () => {
  const cases: [string, TransferEvent[], number | undefined][] = [
    ["unknown at first", [], undefined],
    ["undefined while the walk is running", [totals(2, 100, false), progress(1, 50)], undefined],
    ["0 at the start", [totals(1, 100)], 0],
    ["rounded down", [totals(1, 1000), progress(0, 999)], 99],
    ["not 100 while a file is open", [totals(2, 100), progress(1, 100)], 99],
    ["100 at the end", [totals(2, 100), progress(2, 100)], 100],
    ["100 for nothing at all", [totals(0, 0)], 100],
    ["by files where there are no bytes", [totals(4, 0), progress(1, 0)], 25],
    ["at most 99 when a file has grown", [totals(2, 100), progress(1, 300)], 99],
    ["counting failed files as dealt with", [totals(2, 100), progress(1, 100), failed], 100],
  ];
  for (const [name, events, percent] of cases) {
    it(`returns ${name}`, () => assertEquals(percentOf(fold(...events)), percent));
  }
});
