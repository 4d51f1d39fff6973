/** Runs several transfers one after the other, as one stream of events. */

import { UserError } from "../../errors.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import { JoinedEvents } from "../../ui/joined_events.ts";
import type { Transfer } from "../options/transfers.ts";
import { headline, hintOf, isBug } from "../report_error.ts";

/** Runs one transfer. @throws the error that ended it. */
export type RunTransfer = (transfer: Transfer, emit: (event: TransferEvent) => void) => Promise<unknown>;

/**
 * Runs all transfers. If one fails as a whole, the others still run.
 *
 * @returns the number of paths and transfers that failed.
 * @throws the error of the last transfer if all failed. Throws immediately for bugs, and the reason of an aborted `signal`.
 */
export async function runTransfers(
  transfers: readonly Transfer[],
  run: RunTransfer,
  { emit, signal }: { emit: (event: TransferEvent) => void; signal: AbortSignal },
): Promise<number> {
  const events = new JoinedEvents(transfers.length, emit);
  let ended = 0;
  for (const transfer of transfers) {
    events.begin();
    try {
      await run(transfer, events.onEvent);
    } catch (error) {
      if (signal.aborted || isBug(error) || ++ended === transfers.length) throw error;
      const { host, reason } = error instanceof UserError ? error : {};
      events.failed({ message: headline(error), hint: hintOf(error), host, reason });
    }
  }
  return events.finish().failed;
}
