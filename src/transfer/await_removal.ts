/** Waits for the removal of sources. */

import type { MessageOf } from "../protocol/control/messages.ts";
import type { ControlChannel } from "../session/model/control_channel.ts";

/**
 * Waits until the sender has removed its sources.
 *
 * @param onReport handles failures and notes of the removal.
 * @returns the number of removed entries.
 */
export async function awaitRemoval(
  control: ControlChannel,
  onReport: (message: MessageOf<"failed" | "note">) => void,
): Promise<number> {
  for (;;) {
    const message = await control.expect("sourcesRemoved", "failed", "note");
    if (message.type === "sourcesRemoved") return message.entries;
    onReport(message);
  }
}
