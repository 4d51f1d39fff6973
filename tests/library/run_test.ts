import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../src/errors.ts";
import { startRun, type Work } from "../../src/library/run.ts";

type Event = { type: "progress" | "note"; number: number };

/** A run whose events and end the test decides. */
function controlledRun(signal?: AbortSignal) {
  const end = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<{ emit: (event: Event) => void; signal: AbortSignal }>();
  const work: Work<string, Event> = (emit, signal) => {
    begun.resolve({ emit, signal });
    signal.addEventListener("abort", () => end.reject(signal.reason));
    return end.promise;
  };
  return { run: startRun(work, signal), begun: begun.promise, end };
}

describe("a run", () => {
  it("returns its result without an iteration", async () => {
    const { run, begun, end } = controlledRun();
    (await begun).emit({ type: "note", number: 1 });
    end.resolve("done");
    assertEquals(await run, "done");
    assertEquals(await run.then((text) => text.length), 4);
  });

  it("answers calls of next that wait at the same time", async () => {
    const { run, begun, end } = controlledRun();
    const iterator = run[Symbol.asyncIterator]();
    const nexts = [iterator.next(), iterator.next(), iterator.next()];
    const { emit } = await begun;
    emit({ type: "note", number: 1 });
    emit({ type: "note", number: 2 });
    end.resolve("done");
    assertEquals((await Promise.all(nexts)).map(({ value }) => value?.number), [1, 2, undefined]);
  });

  it("yields all events, and of consecutive progress only the last", async () => {
    const { run, begun, end } = controlledRun();
    const iterator = run[Symbol.asyncIterator]();
    const { emit } = await begun;
    for (const [number, type] of (["note", "progress", "progress", "note"] as const).entries()) emit({ type, number });
    end.resolve("done");
    const seen: number[] = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) seen.push(next.value.number);
    assertEquals(seen, [0, 2, 3]);
    assertEquals(await run, "done");
  });

  it("gives each iteration all events", async () => {
    const { run, begun, end } = controlledRun();
    const [one, other] = [Array.fromAsync(run), Array.fromAsync(run)];
    (await begun).emit({ type: "note", number: 7 });
    end.resolve("done");
    assertEquals(await one, [{ type: "note", number: 7 }]);
    assertEquals(await other, await one);
  });

  it("ends the iteration with its error after the last event, and is not an unhandled rejection", async () => {
    const { run, begun, end } = controlledRun();
    const iterator = run[Symbol.asyncIterator]();
    (await begun).emit({ type: "note", number: 1 });
    end.reject(new Error("broken"));
    assertEquals((await iterator.next()).value, { type: "note", number: 1 });
    await assertRejects(() => iterator.next(), Error, "broken");
    assertEquals(await iterator.next(), { done: true, value: undefined });
  });

  it("stops when the loop is left, and the loop waits until it has ended", async () => {
    const { run, begun } = controlledRun();
    begun.then(({ emit }) => emit({ type: "note", number: 1 }));
    for await (const _ of run) break;
    assert((await begun).signal.aborted);
    await assertRejects(() => run, DOMException, "The loop over the events of the run was left");
  });

  it("does not start if its signal was aborted before", async () => {
    const { run } = controlledRun(AbortSignal.abort(new Error("too late")));
    await assertRejects(() => run, Error, "too late");
  });

  it("refuses a signal of another type", async () => {
    const { run } = controlledRun({} as AbortSignal);
    await assertRejects(() => run, UsageError, 'Option "signal" must be an AbortSignal');
  });

  it("passes the reason of its signal on", async () => {
    const stop = new AbortController();
    const { run, begun } = controlledRun(stop.signal);
    await begun;
    stop.abort(new Error("enough"));
    await assertRejects(() => run, Error, "enough");
  });
});
