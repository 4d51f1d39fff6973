import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { describe, it } from "@std/testing/bdd";
import { ConnTransport } from "../../src/net/transport.ts";
import { connectPair } from "../native/connected_pair.ts";

describe("ConnTransport", () => {
  it("reads into the given range and returns 0 at the end", async () => {
    using pair = await connectPair();
    const near = new ConnTransport(pair.near);
    const far = new ConnTransport(pair.far);
    assertEquals(await near.write(new Uint8Array([9, 8, 7, 6]), 1, 3), 2);
    near.close();
    const buffer = new Uint8Array(4);
    assertEquals(await far.read(buffer, 1, 4), 2);
    assertEquals([...buffer], [0, 8, 7, 0]);
    assertEquals(await far.read(buffer, 0, 4), 0);
    far.close();
  });

  it("interrupts a waiting read by close(), which may be repeated", async () => {
    using pair = await connectPair();
    const near = new ConnTransport(pair.near);
    const reading = near.read(new Uint8Array(1), 0, 1);
    near.close();
    near.close();
    await assertRejects(() => reading, Deno.errors.Interrupted);
    await assertRejects(() => near.read(new Uint8Array(1), 0, 1), Deno.errors.BadResource);
  });

  it("interrupts a waiting write by close()", async () => {
    using pair = await connectPair();
    const near = new ConnTransport(pair.near);
    const block = new Uint8Array(1 << 20);
    const writing = (async () => {
      for (;;) await near.write(block, 0, block.length);
    })();
    // A write is in progress, whether or not the buffers are full by then.
    setTimeout(() => near.close(), 20);
    await assertRejects(() => writing, Deno.errors.Interrupted);
  });

  it("rejects a read and a write without progress after the idle timeout", async () => {
    using pair = await connectPair();
    const near = new ConnTransport(pair.near, { idleTimeoutMs: 20 });
    await assertRejects(() => near.read(new Uint8Array(1), 0, 1), Deno.errors.TimedOut);
    using other = await connectPair();
    const full = new ConnTransport(other.near, { idleTimeoutMs: 20 });
    const block = new Uint8Array(1 << 20);
    await assertRejects(async () => {
      for (;;) await full.write(block, 0, block.length);
    }, Deno.errors.TimedOut);
  });

  it("keeps a write waiting while the peer sends data", async () => {
    using pair = await connectPair();
    const near = new ConnTransport(pair.near, { idleTimeoutMs: 1_000 });
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

  it("refuses an empty range", async () => {
    using pair = await connectPair();
    const near = new ConnTransport(pair.near);
    await assertRejects(() => near.write(new Uint8Array(1), 1, 1), RangeError);
    await assertRejects(() => near.read(new Uint8Array(1), 1, 1), RangeError);
  });
});
