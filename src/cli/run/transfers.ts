/** Several transfers, one after the other, with one story for whoever listens. */

import { JoinedEvents } from "../../ui/joined_events.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import type { Transfer } from "../options/transfers.ts";
import { headline, hintOf, isBug } from "../report_error.ts";

/** What runs a transfer. @throws what ended it. */
export type RunLeg = (transfer: Transfer, emit: (event: TransferEvent) => void) => Promise<unknown>;

/**
 * Runs them all: when one fails as a whole, the others are copied all the same.
 *
 * @returns how many paths and transfers failed.
 * @throws what ended the last one, when all of them failed; and at once what is nobody's fault but ours, and the reason of
 * `signal`.
 */
export async function runTransfers(
  transfers: readonly Transfer[],
  run: RunLeg,
  { emit, signal }: { emit: (event: TransferEvent) => void; signal: AbortSignal },
): Promise<number> {
  const story = new JoinedEvents(transfers.length, emit);
  let ended = 0;
  for (const transfer of transfers) {
    story.begin();
    try {
      await run(transfer, story.onEvent);
    } catch (error) {
      if (signal.aborted || isBug(error) || ++ended === transfers.length) throw error;
      story.failed(headline(error), hintOf(error));
    }
  }
  return story.finish().failed;
}
