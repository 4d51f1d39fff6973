import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { PhaseTimes } from "../../src/ui/phase_times.ts";

const opening: TransferEvent = { type: "opening", host: "h" };
const connected: TransferEvent = { type: "connected", streams: 4, engine: "native" };
const totals = (complete: boolean): TransferEvent => ({ type: "totals", files: 2, bytes: 9, complete });
const progress = (files: number): TransferEvent => ({ type: "progress", files, bytes: 9 });
const finished: TransferEvent = {
  ...{ type: "finished", files: 2, bytes: 9, failed: 0, skipped: 0, streams: 4, engine: "native" },
} as TransferEvent;
const COPY: [number, TransferEvent][] = [
  [1_000, opening],
  [1_500, connected],
  [1_600, totals(false)],
  [2_500, totals(true)],
  [3_000, progress(1)],
  [4_500, progress(2)],
  [5_000, totals(true)],
  [6_000, progress(2)],
  [7_000, finished],
];

/** Plays the events of transfers, each with a name. Returns the lines at the end. */
function lines(transfers: Record<string, [number, TransferEvent][]>, { verify = false } = {}): string[] {
  let now = 0;
  const times = new PhaseTimes(() => now, { verify });
  for (const [name, steps] of Object.entries(transfers)) {
    const listener = times.begin(name);
    for (const [atMs, event] of steps) {
      now = atMs;
      listener(event);
    }
  }
  return times.lines();
}

describe("PhaseTimes", () => {
  it("measures login, scan and transfer of each host", () =>
    assertEquals(lines({ web1: COPY, web2: COPY.map(([atMs, event]) => [atMs + 7_000, event]) }), [
      "web1: login 1.0 s, scan 1.5 s, transfer 5.5 s",
      "web2: login 1.0 s, scan 1.5 s, transfer 5.5 s",
    ]));

  it("separates the verification after the last written byte", () =>
    assertEquals(lines({ h: COPY }, { verify: true }), [
      "h: login 1.0 s, scan 1.5 s, transfer 3.0 s, verification 2.5 s",
    ]));

  it("counts a login without an end up to the end, or to the first connection", () => {
    assertEquals(lines({ h: [] }), ["h: login 0.0 s"]);
    assertEquals(lines({ h: COPY.slice(1) }), ["h: login 1.5 s, scan 1.0 s, transfer 5.5 s"]);
  });

  it("names the start of a copy on one machine, which has no login", () => {
    const times = new PhaseTimes(() => 0, { verify: false });
    times.begin(undefined);
    assertEquals(times.lines(), ["this machine: start 0.0 s"]);
  });

  it("starts over if a lost session is retried", () => {
    const retry: TransferEvent = { type: "retry", message: "lost", pauseSeconds: 1, left: 4 };
    const steps: [number, TransferEvent][] = [...COPY.slice(0, 5), [10_000, retry]];
    const again = COPY.map(([atMs, event]): [number, TransferEvent] => [atMs + 10_000, event]);
    assertEquals(lines({ h: [...steps, ...again] }), ["h: login 1.0 s, scan 1.5 s, transfer 5.5 s"]);
  });
});
