import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Clock, countStream, type SharedLimit, sharedLimit, SharedPace } from "../../src/streams/shared_limit.ts";

/** Time that advances only when every stream sleeps. */
class SimulatedTime {
  ms = 0;
  readonly #sleeping: { untilMs: number; wake: () => void }[] = [];

  /** Returns the clock of a thread. @param lateMs Delay of its timers. @param startedMs Time at which it started. */
  clock({ lateMs = 0, startedMs = 0 } = {}): Clock {
    return {
      now: () => this.ms - startedMs,
      sleep: (ms) =>
        new Promise((wake) => void this.#sleeping.push({ untilMs: this.ms + Math.max(0, ms) + lateMs, wake })),
    };
  }

  /** Runs until the work has ended. */
  async run(work: Promise<unknown>): Promise<void> {
    let hasEnded = false;
    const ending = work.finally(() => hasEnded = true);
    while (!hasEnded) {
      // All streams reach their next sleep.
      for (let step = 0; step < 20; step++) await Promise.resolve();
      this.#sleeping.sort((a, b) => a.untilMs - b.untilMs);
      const next = this.#sleeping.shift();
      if (!next) continue;
      this.ms = Math.max(this.ms, next.untilMs);
      next.wake();
    }
    await ending;
  }
}

/** Bytes that a stream has carried at a time. */
interface Call {
  readonly atMs: number;
  readonly bytes: number;
}

/** Returns running streams of a limit. */
function startStreams(limit: SharedLimit, clocks: Clock[]): SharedPace[] {
  return clocks.map((clock) => {
    countStream(limit, 1);
    // In another thread, the limit is a copy with the same memory.
    return new SharedPace({ ...limit }, clock);
  });
}

/** Carries bytes as fast as the pace allows, in calls of at most `most` bytes. */
async function carry(pace: SharedPace, bytes: number, time: SimulatedTime, most = Infinity): Promise<Call[]> {
  const calls: Call[] = [];
  for (let left = bytes; left > 0;) {
    const count = Math.min(left, most, await pace.next());
    pace.count(count);
    calls.push({ atMs: time.ms, bytes: count });
    left -= count;
  }
  return calls;
}

/** Returns the sum of all calls. */
function sum(calls: Call[]): number {
  return calls.reduce((total, { bytes }) => total + bytes, 0);
}

/** Asserts that calls keep a rate, with an excess of at most `bytes`, at each time from the first call on. */
function assertBounded(calls: Call[], bytesPerSecond: number, excess: number): void {
  let carried = 0;
  const sorted = calls.toSorted((a, b) => a.atMs - b.atMs);
  for (const { atMs, bytes } of sorted) {
    carried += bytes;
    const most = (atMs - sorted[0].atMs) / 1000 * bytesPerSecond + excess;
    assert(carried <= most + 1, `${carried} bytes after ${atMs - sorted[0].atMs} ms`);
  }
}

describe("a rate limit that streams share", () => {
  for (const running of [1, 4, 8]) {
    for (const busy of new Set([1, 2, running].filter((count) => count <= running))) {
      for (const bytesPerSecond of [100_000, 1_000_000, 50_000_000]) {
        it(`is the total rate when ${busy} of ${running} streams have data, at ${bytesPerSecond} bytes per second`, async () => {
          const time = new SimulatedTime();
          const streams = startStreams(
            sharedLimit(bytesPerSecond),
            Array.from({ length: running }, () => time.clock()),
          );
          // Waits for data that never arrives.
          for (const idle of streams.slice(busy)) await idle.next();
          const carrying = Promise.all(streams.slice(0, busy).map((it) => carry(it, bytesPerSecond * 2 / busy, time)));
          await time.run(carrying);
          const rate = bytesPerSecond * 2 / (time.ms / 1000);
          assert(rate > bytesPerSecond * 0.95, `${rate} bytes per second`);
          const round = Math.max(4096 * running, bytesPerSecond / 50);
          // Unused time before the first call counts, too.
          assertBounded((await carrying).flat(), bytesPerSecond, round + bytesPerSecond / 20);
        });
      }
    }
  }

  it("is the rate of streams in threads that started at different times", async () => {
    const time = new SimulatedTime();
    time.ms = 90_000;
    const starts = [0, 20_000, 89_999];
    const streams = startStreams(sharedLimit(1_000_000), starts.map((startedMs) => time.clock({ startedMs })));
    const carrying = Promise.all(streams.map((stream) => carry(stream, 1_000_000, time)));
    await time.run(carrying);
    const seconds = (time.ms - 90_000) / 1000;
    assert(seconds > 2.9 && seconds < 3.1, `${seconds} s for three seconds of bytes`);
    for (const calls of await carrying) {
      assert(sum(calls.filter(({ atMs }) => atMs < 91_500)) > 400_000, "a stream got less than its share");
    }
  });

  it("is shared by small and large reads", async () => {
    const time = new SimulatedTime();
    const streams = startStreams(sharedLimit(1_000_000), [time.clock(), time.clock()]);
    await time.run(Promise.all([carry(streams[0], 1_000_000, time), carry(streams[1], 100_000, time, 100)]));
    assert(time.ms > 1_000 && time.ms < 1_150, `${time.ms} ms`);
  });

  it("does not save up idle time for a burst", async () => {
    const time = new SimulatedTime();
    const [stream] = startStreams(sharedLimit(1_000_000), [time.clock()]);
    await time.run(carry(stream, 20_000, time));
    time.ms += 60_000;
    const resumedMs = time.ms;
    await time.run(carry(stream, 1_000_000, time));
    assert(time.ms - resumedMs > 900, `${time.ms - resumedMs} ms`);
  });

  it("compensates for late timers", async () => {
    const time = new SimulatedTime();
    const streams = startStreams(sharedLimit(1_000_000), [time.clock({ lateMs: 30 }), time.clock({ lateMs: 3 })]);
    const carrying = Promise.all(streams.map((stream) => carry(stream, 1_000_000, time)));
    await time.run(carrying);
    assert(time.ms > 1_900 && time.ms < 2_200, `${time.ms} ms`);
  });

  it("is divided among calls of the running streams", async () => {
    const limit = sharedLimit(10_000_000);
    const time = new SimulatedTime();
    const [stream] = startStreams(limit, [time.clock()]);
    const chunks = [await stream.next()];
    for (const change of [1, 1, -1, -1, -1] as const) {
      countStream(limit, change);
      chunks.push(await stream.next());
    }
    assertEquals(chunks, [200_000, 100_000, 66_666, 100_000, 200_000, 200_000]);
  });
});
