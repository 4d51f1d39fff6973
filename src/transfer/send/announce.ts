/** Tells a receiver what will come. */

import type { MessageOf, WireSource } from "../../protocol/control/messages.ts";
import type { ControlChannel } from "../../session/model/control_channel.ts";
import { batches } from "../batches.ts";

/** Sends the sources, in as many messages as it takes; one at least. */
export async function announce(
  control: ControlChannel,
  sources: readonly WireSource[],
  about: Omit<MessageOf<"sources">, "type" | "sources" | "last">,
): Promise<void> {
  let left = sources.length;
  if (left === 0) control.send({ type: "sources", sources: [], ...about, last: true });
  for (const batch of batches(sources, (source) => JSON.stringify(source).length)) {
    left -= batch.length;
    control.send({ type: "sources", sources: batch, ...about, last: left === 0 });
    // A long list is not held in memory as text, too.
    if (left > 0) await control.flushed();
  }
}
