import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { abortable } from "../../src/async/abortable.ts";
import { delay } from "../../src/async/delay.ts";

const never = new Promise<never>(() => {});

describe("delay", () => {
  it("waits for the time", async () => {
    const startedAt = performance.now();
    await delay(20, { signal: new AbortController().signal });
    assert(performance.now() - startedAt >= 19);
  });

  it("rejects with the reason of its signal and leaves no timer", async () => {
    const stop = new AbortController();
    const waiting = delay(60_000, { signal: stop.signal });
    stop.abort(new Error("stopped"));
    await assertRejects(() => waiting, Error, "stopped");
    await assertRejects(() => delay(60_000, { signal: stop.signal }), Error, "stopped");
  });
});

describe("abortable", () => {
  it("settles as the promise does", async () => {
    const { signal } = new AbortController();
    assertEquals(await abortable(Promise.resolve(5), signal), 5);
    await assertRejects(() => abortable(Promise.reject(new Error("failed")), signal), Error, "failed");
  });

  it("rejects with the reason of the signal, even if it was aborted before", async () => {
    const stop = new AbortController();
    const waiting = abortable(never, stop.signal);
    stop.abort(new Error("stopped"));
    await assertRejects(() => waiting, Error, "stopped");
    await assertRejects(() => abortable(never, stop.signal), Error, "stopped");
  });
});
