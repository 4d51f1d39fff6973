/** A copy whose session is lost on the way goes on in another one, after a pause. */

import { StartError } from "../../errors.ts";
import type { TransferEvent } from "../events.ts";
import { ReportedTexts } from "../reported_texts.ts";
import { TransferLost } from "../transfer_errors.ts";

/** The first pause, and the longest, in seconds; each is twice as long as the one before. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 30;

/** Limits of the failures and notes that are remembered over all tries. */
const MAX_REPORTED = { texts: 100_000, units: 32 << 20 };

/** How often a copy is begun again, and who hears of it. */
export interface RetryOptions {
  /** Sessions after the first one; 0: none. */
  retries: number;
  emit: (event: TransferEvent) => void;
  /** Ends a pause at once; its reason is thrown. */
  signal: AbortSignal;
}

/**
 * Runs the copy, and runs it again while its session is lost. Only what the network or a killed process may have done is
 * tried again; in another try that is also that the other host cannot be reached.
 *
 * @param run is to do the whole copy: that it need not begin at the first byte is the receiver's knowledge.
 * @throws what ended the last try.
 */
export async function withRetries<T>(
  { retries, emit, signal }: RetryOptions,
  run: (emit: (event: TransferEvent) => void) => Promise<T>,
): Promise<T> {
  if (retries === 0) return await run(emit);
  const hear = once(emit);
  let lost = false;
  for (let left = retries, pause = FIRST_PAUSE;; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      return await run(hear);
    } catch (error) {
      const what = whatWasLost(error, lost);
      if (what === undefined || left === 0 || signal.aborted) throw error;
      lost = true;
      left--;
      emit({ type: "retry", message: what, pauseSeconds: pause, left });
    }
    await waited(pause * 1_000, signal);
  }
}

/** What another session may mend; undefined for all else. */
function whatWasLost(error: unknown, again: boolean): string | undefined {
  if (error instanceof TransferLost && error.repeatable) return error.what;
  return again && error instanceof StartError ? error.message : undefined;
}

/** Omits failures and notes that an earlier try has reported. */
function once(emit: (event: TransferEvent) => void): (event: TransferEvent) => void {
  const reported = new ReportedTexts(MAX_REPORTED);
  return (event) => {
    if ((event.type === "failed" || event.type === "note") && !reported.add(`${event.type} ${event.message}`)) return;
    emit(event);
  };
}

/** @throws the signal's reason, as soon as it is aborted. */
async function waited(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  const timer = setTimeout(stop, ms);
  signal.addEventListener("abort", stop);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
}
