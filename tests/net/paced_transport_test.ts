import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PacedTransport } from "../../src/net/paced_transport.ts";
import type { Transport } from "../../src/net/transport.ts";

/** Returns a transport over a connection that accepts all bytes at once, with a clock that only sleeping advances. */
function pacedAt(bytesPerSecond: number | (() => number), { late = 0, paces = "writes" as "writes" | "reads" } = {}) {
  const writes: { atMs: number; bytes: number }[] = [];
  const clock = { ms: 1000 };
  const inner: Transport = {
    read: (_, start, end) => end - start,
    write: (_, start, end) => {
      writes.push({ atMs: clock.ms, bytes: end - start });
      return end - start;
    },
    close: () => {},
  };
  const paced = new PacedTransport(inner, typeof bytesPerSecond === "number" ? () => bytesPerSecond : bytesPerSecond, {
    paces,
    clock: {
      now: () => clock.ms,
      sleep: (ms) => Promise.resolve(void (clock.ms += ms + late)),
    },
  });
  return { paced, writes, clock };
}

async function writeAll(paced: PacedTransport, bytes: number): Promise<void> {
  const buffer = new Uint8Array(bytes);
  for (let at = 0; at < bytes;) at += await paced.write(buffer, at, bytes);
}

describe("PacedTransport", () => {
  for (const rate of [20_000, 1_000_000, 50_000_000]) {
    it(`writes ${rate} bytes per second, at most one small chunk ahead`, async () => {
      const { paced, writes, clock } = pacedAt(rate);
      await writeAll(paced, rate * 2);
      const seconds = (clock.ms - 1000) / 1000;
      assert(seconds > 1.7 && seconds <= 2, `${seconds} s for two seconds of bytes`);
      const most = Math.max(4096, rate / 50);
      assert(writes.every(({ bytes }) => bytes <= most), "a chunk is too large");
      let sum = 0;
      for (const { atMs, bytes } of writes) {
        assert(sum <= (atMs - 1000 + 20) * rate / 1000 + 1, `${sum} bytes after ${atMs - 1000} ms`);
        sum += bytes;
      }
      assertEquals(sum, rate * 2);
    });
  }

  it("paces the reads of a receiver, and not its writes", async () => {
    const { paced, clock } = pacedAt(1_000_000, { paces: "reads" });
    const buffer = new Uint8Array(100_000);
    let bytes = 0;
    while (bytes < 2_000_000) bytes += await paced.read(buffer, 0, buffer.length);
    const seconds = (clock.ms - 1000) / 1000;
    assert(seconds > 1.7 && seconds <= 2, `${seconds} s for two seconds of bytes`);
    await writeAll(paced, 10_000_000);
    assertEquals((clock.ms - 1000) / 1000, seconds);
  });

  it("does not save up idle time for a burst", async () => {
    const { paced, writes, clock } = pacedAt(1_000_000);
    await writeAll(paced, 20_000);
    clock.ms += 60_000;
    const resumed = clock.ms;
    await writeAll(paced, 1_000_000);
    assert(clock.ms - resumed > 900, `a burst of ${writes.length} writes in ${clock.ms - resumed} ms`);
  });

  it("follows a limit that changes", async () => {
    const limit = { bytesPerSecond: 1_000_000 };
    const { paced, clock } = pacedAt(() => limit.bytesPerSecond);
    await writeAll(paced, 1_000_000);
    const slow = clock.ms;
    limit.bytesPerSecond = 4_000_000;
    await writeAll(paced, 4_000_000);
    const seconds = (clock.ms - slow) / 1000;
    assert(seconds > 0.9 && seconds < 1.1, `${seconds} s`);
  });

  it("compensates for late timers", async () => {
    const { paced, clock } = pacedAt(1_000_000, { late: 3 });
    await writeAll(paced, 2_000_000);
    assert(clock.ms - 1000 < 2_100, `${clock.ms - 1000} ms`);
  });
});
