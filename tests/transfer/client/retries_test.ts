import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StartError, UserError } from "../../../src/errors.ts";
import type { TransferEvent } from "../../../src/transfer/events.ts";
import { LostSessions } from "../../../src/transfer/client/lost_sessions.ts";
import { withRetries } from "../../../src/transfer/client/retries.ts";
import { SessionLost, TransferLost } from "../../../src/transfer/transfer_errors.ts";

const FINISHED = { type: "finished", failed: 0, streams: 1, engine: "native" } as const;

/** Runs tries that end with these errors, of which the last one is not followed by another try. */
async function tries(
  errors: Error[],
  retries = 5,
): Promise<{ thrown: unknown; events: TransferEvent[]; runs: number }> {
  const events: TransferEvent[] = [];
  const { signal } = new AbortController();
  let runs = 0;
  const thrown = await withRetries({ retries, emit: (event) => events.push(event), signal }, (emit) => {
    emit({ type: "failed", path: "a", message: "Cannot read a" });
    return Promise.reject(errors[runs++]);
  }).catch((error) => error);
  return { thrown, events, runs };
}

describe("a copy", () => {
  it("is repeated after its session was lost, but not after other errors, which are thrown", async () => {
    const other = new UserError("Cannot do that");
    const lost = new SessionLost("host", "why", "Broken pipe");
    lost.host = "host";
    const { thrown, events, runs } = await tries([lost, other]);
    assertEquals([thrown, runs], [other, 2]);
    assertEquals(events, [
      { type: "failed", path: "a", message: "Cannot read a" },
      {
        type: "retry",
        message: "the session with host was lost (why)",
        pauseSeconds: 1,
        left: 4,
        host: "host",
        reason: "Broken pipe",
      },
    ]);
  });

  it("counts all sessions in its last event", async () => {
    const events: TransferEvent[] = [];
    const { signal } = new AbortController();
    let runs = 0;
    await withRetries({ retries: 1, emit: (event) => events.push(event), signal }, (emit) => {
      if (runs++ === 0) {
        emit({ type: "progress", files: 1, bytes: 15, doneBytes: 10 });
        return Promise.reject(new SessionLost("host", "why"));
      }
      emit({ ...FINISHED, files: 1, bytes: 20, resumed: 5, skipped: 1 });
      return Promise.resolve();
    });
    assertEquals(events.at(-1), { ...FINISHED, files: 2, bytes: 30, resumed: 0, skipped: 0 });
  });

  it("counts bytes as resumed only if an earlier run had left them", () => {
    const sessions = new LostSessions();
    // An earlier run had left 10 of 40 bytes of a file, which this session completes, and another file was sent.
    sessions.add({ type: "progress", files: 2, bytes: 45, resumed: 10, doneBytes: 45, wireBytes: 50 });
    sessions.lost();
    // A third file has 30 of 100 bytes.
    sessions.add({ type: "progress", files: 0, bytes: 20, doneBytes: 0, wireBytes: 21 });
    sessions.add({ type: "progress", files: 0, bytes: 30, doneBytes: 0, wireBytes: 32 });
    sessions.lost();
    sessions.lost();
    const last = { ...FINISHED, files: 1, bytes: 100, resumed: 28, skipped: 5, wireBytes: 80 };
    assertEquals(sessions.add(last), { ...FINISHED, files: 3, bytes: 145, resumed: 10, skipped: 3, wireBytes: 162 });
  });

  it("does not count unconfirmed bytes of a lost session as resumed", () => {
    const MIB = 1 << 20;
    for (const [found, resumed] of [[12, 0], [64 + 8, 0], [900, 892]]) {
      const sessions = new LostSessions();
      sessions.add({ type: "connected", streams: 1, engine: "native" });
      sessions.add({ type: "progress", files: 0, bytes: 8 * MIB });
      sessions.lost();
      const last = { ...FINISHED, files: 1, bytes: 1000 * MIB, resumed: found * MIB, skipped: 0 };
      assertEquals(sessions.add(last), { ...last, resumed: resumed * MIB });
    }
  });

  it("counts files that are sent again once", () => {
    for (const skipped of [0, 1]) {
      const sessions = new LostSessions();
      sessions.add({ type: "progress", files: 2, bytes: 20, doneBytes: 20 });
      sessions.lost();
      const last = { ...FINISHED, files: 2 - skipped, bytes: 20 - 10 * skipped, skipped };
      assertEquals(sessions.add(last), { ...FINISHED, files: 2, bytes: 20, resumed: 0, skipped: 0 });
    }
  });

  it("is repeated if the host cannot be reached after a loss, but not if it cannot be reached at first", async () => {
    const start = new StartError("Cannot log in");
    assertEquals((await tries([start])).runs, 1);
    const { thrown, runs } = await tries([new SessionLost("host", "why"), start], 1);
    assertEquals([thrown, runs], [start, 2]);
  });

  it("is not repeated if the receiver may have finished it, nor without retries", async () => {
    const lost = new TransferLost("all data connections broke");
    assertEquals((await tries([lost], 0)).thrown, lost);
    const finished = new TransferLost("all data connections broke", { repeatable: false });
    assertEquals((await tries([finished])).runs, 1);
  });

  it("is repeated until the signal is aborted, which ends a pause immediately", async () => {
    const stop = new AbortController();
    const reason = new Error("stop");
    const emit = (event: TransferEvent) => {
      if (event.type === "retry") queueMicrotask(() => stop.abort(reason));
    };
    const run = () => Promise.reject(new SessionLost("host", "why"));
    const error = await assertRejects(() => withRetries({ retries: 5, emit, signal: stop.signal }, run));
    assertEquals(error, reason);
  });
});
