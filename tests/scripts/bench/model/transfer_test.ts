import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Item, type Outcome, simulate, type Transfer } from "../../../../scripts/bench/model/transfer.ts";

const MIB = 2 ** 20;
const LOOPBACK = { bytesPerSecond: Infinity, roundTripSeconds: 0, windowBytes: 4 * MIB };

/** Returns equal items with one step at each end. */
function items(count: number, sendSeconds: number, receiveSeconds: number, bytes = MIB): Item[] {
  return Array.from({ length: count }, () => ({
    bytes,
    send: [{ stage: "send", seconds: sendSeconds }],
    receive: [{ stage: "receive", seconds: receiveSeconds }],
  }));
}

/** Simulates two machines with as many threads as cores. */
function run(
  all: Item[],
  { cores = 1, streams = 1, ...changes }: Partial<Transfer> & { cores?: number } = {},
): Outcome {
  return simulate({
    sender: { machine: "a", cores, threads: cores },
    receiver: { machine: "b", cores, threads: cores },
    streams,
    link: LOOPBACK,
    items: all,
    ...changes,
  });
}

describe("simulate", () => {
  it("takes the time of one item at both ends for one item", () => {
    assertAlmostEquals(run(items(1, 2, 3)).seconds, 5);
  });

  it("takes no time without items", () => {
    assertEquals(run([]), { ...run([]), seconds: 0, bytes: 0, cpuSeconds: {} });
  });

  it("overlaps the ends: the slower one decides", () => {
    assertAlmostEquals(run(items(100, 2, 3)).seconds, 2 + 100 * 3);
    assertAlmostEquals(run(items(100, 3, 2)).seconds, 100 * 3 + 2);
  });

  it("adds up the time of both ends on one core", () => {
    const both = { machine: "a", cores: 1, threads: 1 };
    assertAlmostEquals(run(items(100, 2, 3), { sender: both, receiver: both }).seconds, 500);
  });

  it("overlaps the ends on two cores of one machine", () => {
    const both = { machine: "a", cores: 2, threads: 1 };
    assertAlmostEquals(run(items(100, 2, 3), { sender: both, receiver: both }).seconds, 302);
  });

  it("is as many times faster with cores, threads and streams", () => {
    const slow = run(items(400, 1, 1)).seconds;
    const fast = run(items(400, 1, 1), { cores: 4, streams: 4 }).seconds;
    assertAlmostEquals(slow, 401);
    assertAlmostEquals(fast, 101);
  });

  it("uses one core per thread at most", () => {
    const one = { machine: "a", cores: 8, threads: 1 };
    const outcome = run(items(100, 1, 0), { sender: one, streams: 8 });
    assertAlmostEquals(outcome.seconds, 100);
  });

  it("is limited by the rate of the link", () => {
    const link = { ...LOOPBACK, bytesPerSecond: MIB };
    const outcome = run(items(100, 0.1, 0.1), { link });
    assertAlmostEquals(outcome.seconds, 0.1 + 100 + 0.1);
    assertEquals(outcome.utilization[0].name, "link");
  });

  it("sends one window per round trip and stream", () => {
    const link = { bytesPerSecond: Infinity, roundTripSeconds: 1, windowBytes: 4 * MIB };
    for (const streams of [1, 2, 4]) {
      const { bytes, seconds } = run(items(400, 0, 0), { link, streams });
      assertAlmostEquals(bytes / seconds, streams * 4 * MIB, 0.05 * streams * 4 * MIB);
    }
  });

  it("sends one window per round trip if items are larger than the window", () => {
    const link = { bytesPerSecond: Infinity, roundTripSeconds: 1, windowBytes: 4 * MIB };
    const { bytes, seconds } = run(items(50, 0, 0, 8 * MIB), { link });
    assertAlmostEquals(bytes / seconds, 4 * MIB, 0.05 * 4 * MIB);
  });

  it("serializes steps that hold the same lock", () => {
    const locked: Item[] = items(100, 0, 1).map((item) => ({
      ...item,
      receive: [{ stage: "receive", seconds: 0.1 }, { stage: "write", seconds: 1, holds: "file" }],
    }));
    const outcome = run(locked, { cores: 8, streams: 8 });
    assertAlmostEquals(outcome.seconds, 100.1);
    assertEquals(outcome.utilization[0].name, "file");
  });

  it("frees the core while a thread waits", () => {
    const waiting: Item[] = items(100, 0, 0).map((item) => ({
      ...item,
      send: [{ stage: "disk", seconds: 1, waits: true }, { stage: "send", seconds: 0.1 }],
    }));
    const sender = { machine: "a", cores: 1, threads: 10 };
    const outcome = run(waiting, { sender, streams: 10 });
    assert(outcome.seconds < 12, `${outcome.seconds}`);
    assertAlmostEquals(outcome.cpuSeconds.send, 10);
    assertEquals(outcome.cpuSeconds.disk, undefined);
  });

  it("prepares the next item while one is sent", () => {
    const ahead: Item[] = items(100, 1, 0).map((item) => ({ ...item, ahead: [{ stage: "disk", seconds: 1 }] }));
    assertAlmostEquals(run(ahead).seconds, 101);
    const before: Item[] = items(100, 1, 0).map((item) => ({
      ...item,
      send: [{ stage: "disk", seconds: 1, waits: true }, ...item.send],
    }));
    assertAlmostEquals(run(before).seconds, 200);
  });

  it("carries all bytes, and no more time of cores than there is", () => {
    for (const cores of [1, 2, 3, 8]) {
      for (const streams of [1, 2, 5, 16]) {
        const outcome = run(items(97, 0.7, 0.9), { cores, streams });
        assertEquals(outcome.bytes, 97 * MIB);
        assertAlmostEquals(outcome.cpuSeconds.send, 97 * 0.7);
        assertAlmostEquals(outcome.cpuSeconds.receive, 97 * 0.9);
        for (const { used } of outcome.utilization) assert(used <= 1 + 1e-9);
        // Never above the slowest stage.
        assert(outcome.seconds >= 97 * 0.9 / Math.min(cores, streams) - 1e-9);
      }
    }
  });

  it("is never slower with more streams", () => {
    const link = { bytesPerSecond: 3 * MIB, roundTripSeconds: 5, windowBytes: 4 * MIB };
    let previous = Infinity;
    for (const streams of [1, 2, 4, 8, 16]) {
      const { seconds } = run(items(256, 0.7, 0.9), { cores: 4, streams, link });
      assert(seconds <= previous + 1e-9, `${streams} streams: ${seconds} s after ${previous} s`);
      previous = seconds;
    }
  });
});
