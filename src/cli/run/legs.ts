/** Several legs, one after the other, with one story for whoever listens. */

import { JoinedEvents } from "../../ui/joined_events.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import type { Leg } from "../options/legs.ts";
import { headline, hintOf, isBug } from "../report_error.ts";

/** What runs a leg. @throws what ended it. */
export type RunLeg = (leg: Leg, emit: (event: TransferEvent) => void) => Promise<unknown>;

/**
 * Runs them all: when one fails as a whole, the others are copied all the same.
 *
 * @returns how many paths and legs failed.
 * @throws what ended the last one, when all of them failed; and at once what is nobody's fault but ours, and the reason of
 * `signal`.
 */
export async function runLegs(
  legs: readonly Leg[],
  run: RunLeg,
  { emit, signal }: { emit: (event: TransferEvent) => void; signal: AbortSignal },
): Promise<number> {
  const story = new JoinedEvents(legs.length, emit);
  let ended = 0;
  for (const leg of legs) {
    story.begin();
    try {
      await run(leg, story.onEvent);
    } catch (error) {
      if (signal.aborted || isBug(error) || ++ended === legs.length) throw error;
      story.failed(headline(error), hintOf(error));
    }
  }
  return story.finish().failed;
}
