import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StartError, UserError } from "../../../src/errors.ts";
import type { TransferEvent } from "../../../src/transfer/events.ts";
import { withRetries } from "../../../src/transfer/client/retries.ts";
import { SessionLost, TransferLost } from "../../../src/transfer/transfer_errors.ts";

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
