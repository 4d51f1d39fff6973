/** Repeats a copy whose session was lost, after a pause. */

import { delay } from "../../async/delay.ts";
import { StartError, type UserError } from "../../errors.ts";
import type { TransferEvent } from "../events.ts";
import { ReportedTexts } from "../reported_texts.ts";
import { TransferLost } from "../transfer_errors.ts";
import { LostSessions } from "./lost_sessions.ts";

/** First and longest pause. In seconds. Each pause is twice as long as the one before. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 30;

/** Options for repeating a copy. */
export interface RetryOptions {
  /** Maximum number of sessions after the first one. */
  retries: number;
  emit: (event: TransferEvent) => void;
  /** Ends a pause immediately; its reason is thrown. */
  signal: AbortSignal;
}

/**
 * Runs a copy, and repeats it while its session is lost. Only failures that the network or a killed process can cause are
 * retried. After a lost session, these include an unreachable host. The event "finished" counts all sessions.
 *
 * @param run performs the whole copy; the receiver resumes what an earlier attempt has written.
 * @throws {unknown} The error of the last attempt.
 */
export async function withRetries<T>(
  { retries, emit, signal }: RetryOptions,
  run: (emit: (event: TransferEvent) => void) => Promise<T>,
): Promise<T> {
  if (retries === 0) return await run(emit);
  const sessions = new LostSessions();
  const emitNew = withoutRepeated((event) => emit(sessions.add(event)));
  let lost = false;
  for (let left = retries, pause = FIRST_PAUSE;; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      return await run(emitNew);
    } catch (error) {
      const message = retryReason(error, { afterLoss: lost });
      if (message === undefined || left === 0 || signal.aborted) throw error;
      lost = true;
      left--;
      sessions.lost();
      const { host, reason } = error as UserError;
      emit({ type: "retry", message, pauseSeconds: pause, left, host, reason });
    }
    await delay(pause * 1_000, { signal });
  }
}

/** Returns why the session was lost; undefined if another session cannot help. */
function retryReason(error: unknown, { afterLoss }: { afterLoss: boolean }): string | undefined {
  if (error instanceof TransferLost && error.repeatable) return error.what;
  return afterLoss && error instanceof StartError ? error.message : undefined;
}

/** Omits failures and notes that an earlier attempt has reported. */
function withoutRepeated(emit: (event: TransferEvent) => void): (event: TransferEvent) => void {
  const reported = new ReportedTexts();
  return (event) => {
    if ((event.type === "failed" || event.type === "note") && !reported.add(`${event.type} ${event.message}`)) return;
    emit(event);
  };
}
