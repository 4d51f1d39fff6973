import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import { describe, it } from "@std/testing/bdd";
import { crc32 } from "node:zlib";
import { descriptorOf, duplicate } from "../../../src/native/net/socket_descriptor.ts";
import { RawSocket } from "../../../src/native/net/sockets.ts";
import { intOption, openSocketCalls, SO_RCVLOWAT, SOL_SOCKET } from "../../../src/native/net/socket_calls.ts";
import { connectPair, rawSocketOf } from "../connected_pair.ts";

const MIB = 1 << 20;
const ignore = Deno.build.os !== "linux";

// Open the library here, because it stays open and would count as a leak of the first test.
if (!ignore) openSocketCalls();

function isOpen(fd: number): boolean {
  return intOption(fd, SOL_SOCKET, SO_RCVLOWAT) !== undefined;
}

/** Writes until the kernel's buffers are full. Returns the waiting write. */
function fillUp(socket: RawSocket): Promise<number> {
  const block = new Uint8Array(MIB);
  for (;;) {
    const written = socket.write(block, 0, block.length);
    if (typeof written !== "number") return written;
  }
}

describe("RawSocket", { ignore }, () => {
  it("transfers 64 MiB in both directions through a Worker that got the descriptor", async () => {
    using pair = await connectPair();
    const worker = new Worker(import.meta.resolve("../echo_worker.ts"), { type: "module" });
    const answer = new Promise<number>((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    worker.postMessage(duplicate(descriptorOf(pair.far)!));
    using socket = rawSocketOf(pair.near);
    const total = 64 * MIB;
    const send = async () => {
      const block = new Uint8Array(MIB);
      let sum = 0;
      for (let sent = 0; sent < total; sent += block.length) {
        crypto.getRandomValues(block.subarray(0, 65536));
        sum = crc32(block, sum);
        for (let start = 0; start < block.length;) start += await socket.write(block, start, block.length);
      }
      await pair.near.closeWrite();
      return sum;
    };
    const receive = async () => {
      const block = new Uint8Array(MIB + 1);
      let sum = 0;
      let bytes = 0;
      // The first byte detects a wrong offset.
      for (let count; (count = await socket.read(block, 1, block.length, 256 << 10)) > 0; bytes += count) {
        sum = crc32(block.subarray(1, 1 + count), sum);
        assertEquals(block[0], 0);
      }
      return { sum, bytes };
    };
    const [sent, received] = await Promise.all([send(), receive()]);
    assertEquals(received, { sum: sent, bytes: total });
    assertEquals(await answer, total);
    worker.terminate();
  });

  it("returns a number if data has arrived, and a promise otherwise", async () => {
    using pair = await connectPair();
    using socket = rawSocketOf(pair.near);
    const buffer = new Uint8Array(4);
    const first = socket.read(buffer, 1, 3);
    assert(first instanceof Promise);
    await pair.far.write(new Uint8Array([1, 2, 3]));
    assertEquals(await first, 2);
    assertEquals([...buffer], [0, 1, 2, 0]);
    assertEquals(socket.read(buffer, 0, 4), 1);
  });

  it("reads to the peer's end after its own sending half was shut down", async () => {
    using pair = await connectPair();
    using socket = rawSocketOf(pair.near);
    await pair.near.closeWrite();
    assertEquals(await pair.far.read(new Uint8Array(1)), null);
    await pair.far.write(new Uint8Array(5));
    await pair.far.closeWrite();
    const buffer = new Uint8Array(8);
    assertEquals(await socket.read(buffer, 0, 8), 5);
    assertEquals(await socket.read(buffer, 0, 8), 0);
    assertEquals(await socket.read(buffer, 0, 8), 0);
    assertThrows(() => socket.write(buffer, 0, 8), Deno.errors.BrokenPipe, "Broken pipe");
  });

  it("rejects a waiting read when the connection is reset", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using near = await Deno.connect({ hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port });
    using socket = rawSocketOf(near);
    const reading = socket.read(new Uint8Array(1), 0, 1) as Promise<number>;
    // Closing the listener resets connections that were not accepted.
    listener.close();
    const error = await assertRejects(() => reading, Deno.errors.ConnectionReset, "Connection reset by peer");
    assertEquals((error as { code?: string }).code, "ECONNRESET");
    assertThrows(() => socket.write(new Uint8Array(1), 0, 1), Deno.errors.BrokenPipe);
  });

  it("interrupts a waiting read and write by close(), and frees the descriptor after both", async () => {
    using pair = await connectPair();
    const fd = duplicate(descriptorOf(pair.near)!);
    const socket = new RawSocket(fd);
    const reading = socket.read(new Uint8Array(1), 0, 1) as Promise<number>;
    const writing = fillUp(socket);
    socket.close();
    assert(isOpen(fd), "the number must not be reused during a poll");
    const results = await Promise.allSettled([reading, writing]);
    for (const result of results) {
      assert(result.status === "rejected" && result.reason instanceof Deno.errors.Interrupted, String(result));
    }
    assert(!isOpen(fd));
  });

  it("rejects reads and writes after close(), which may be repeated", async () => {
    using pair = await connectPair();
    const fd = duplicate(descriptorOf(pair.near)!);
    const socket = new RawSocket(fd);
    socket.close();
    assert(!isOpen(fd));
    // The number now belongs to another connection, which must not be affected.
    const other = duplicate(descriptorOf(pair.far)!);
    assertEquals(other, fd);
    socket.close();
    assert(isOpen(other));
    for (
      const use of [
        () => socket.read(new Uint8Array(1), 0, 1),
        () => socket.write(new Uint8Array(1), 0, 1),
      ]
    ) assertThrows(use, Deno.errors.BadResource);
    new RawSocket(other).close();
  });

  it("refuses a second read while a read waits", async () => {
    using pair = await connectPair();
    using socket = rawSocketOf(pair.near);
    const reading = socket.read(new Uint8Array(1), 0, 1);
    assertThrows(() => socket.read(new Uint8Array(1), 0, 1), Deno.errors.Busy);
    await pair.far.write(new Uint8Array(1));
    assertEquals(await reading, 1);
  });

  it("keeps a write waiting while the peer sends data", async () => {
    using pair = await connectPair();
    using near = rawSocketOf(pair.near, { idleTimeoutMs: 1_000 });
    const block = new Uint8Array(1 << 20);
    const state = { ended: false };
    const writing = (async () => {
      for (;;) await near.write(block, 0, block.length);
    })().finally(() => state.ended = true);
    writing.catch(() => {});
    // Longer than two idle timeouts.
    for (const begun = performance.now(); performance.now() - begun < 2_500;) {
      await pair.far.write(new Uint8Array(1));
      assertEquals(await near.read(new Uint8Array(1), 0, 1), 1);
      await delay(20);
      assertEquals(state.ended, false);
    }
    await assertRejects(() => writing, Deno.errors.TimedOut);
  });

  it("rejects a read and a write without progress after the idle timeout", async () => {
    using pair = await connectPair();
    using socket = rawSocketOf(pair.near, { idleTimeoutMs: 20 });
    const started = performance.now();
    await assertRejects(() => socket.read(new Uint8Array(1), 0, 1) as Promise<number>, Deno.errors.TimedOut, "20 ms");
    // Data in transit to the peer may still free buffer space.
    const fillForGood = async () => {
      for (;;) await fillUp(socket);
    };
    await assertRejects(fillForGood, Deno.errors.TimedOut);
    assert(performance.now() - started >= 40);
    await pair.far.write(new Uint8Array(1));
    assertEquals(await socket.read(new Uint8Array(1), 0, 1), 1);
  });

  it("refuses ranges that are empty or exceed the buffer", async () => {
    using pair = await connectPair();
    using socket = rawSocketOf(pair.near);
    const buffer = new Uint8Array(8);
    for (const [start, end] of [[0, 0], [3, 2], [-1, 4], [0, 9], [0.5, 4], [0, NaN], [8, 8]]) {
      assertThrows(() => socket.read(buffer, start, end), RangeError);
      assertThrows(() => socket.write(buffer, start, end), RangeError);
    }
    structuredClone(buffer, { transfer: [buffer.buffer] });
    assertThrows(() => socket.read(buffer, 0, 8), RangeError);
  });

  it("waits for the expected bytes of a read if these are many", async () => {
    using pair = await connectPair();
    const fd = descriptorOf(pair.near)!;
    using socket = rawSocketOf(pair.near);
    const expected = 64 << 10;
    const reading = socket.read(new Uint8Array(2 * expected), 0, 2 * expected, expected);
    assertEquals(intOption(fd, SOL_SOCKET, SO_RCVLOWAT), expected);
    await pair.far.write(new Uint8Array(expected - 1));
    await pair.far.write(new Uint8Array(1));
    assertEquals(await reading, expected);
  });

  it("returns the first byte to a read if few bytes are expected", async () => {
    using pair = await connectPair();
    using socket = rawSocketOf(pair.near);
    const reading = socket.read(new Uint8Array(200), 0, 200, 200);
    await pair.far.write(new Uint8Array(1));
    assertEquals(await reading, 1);
  });
});
