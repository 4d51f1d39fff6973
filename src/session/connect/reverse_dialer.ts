/** Remote end: opens streams to the client where that asks for it (`--reverse`). */

import { messageOf, ProtocolError } from "../../errors.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import type { StreamDialer } from "./dial_streams.ts";
import type { AuthenticatedStream } from "../model/session.ts";

/** What the remote end keeps to. */
export interface ReverseDialLimits {
  /** The only address that it connects to; undefined: any that the client names. */
  only?: string;
  /** Streams that it may be asked for in all. */
  most: number;
}

/**
 * Answers "reach", one stream for each. What is proven before somebody takes it waits.
 *
 * @param taker resolves to whoever takes the streams.
 */
export function dialReverse(
  control: ControlChannel,
  dialer: StreamDialer,
  taker: Promise<(stream: AuthenticatedStream) => void>,
  { only, most }: ReverseDialLimits,
): void {
  let asked = 0;
  let finding: Promise<AuthenticatedStream> | undefined;
  control.onMessage(["reach"], (message) => {
    if (++asked > most) throw new ProtocolError("bad-message", "Too many streams are asked for");
    void answer(message);
  });

  async function answer({ places, patienceMs }: MessageOf<"reach">): Promise<void> {
    try {
      const take = await taker;
      // The client may have its end of the first stream, and ask for more, before this end knows that it has won.
      while (!dialer.chosen && finding) await finding.catch(() => {});
      if (dialer.chosen) return take(await dialer.again());
      finding = reachFirst(places, patienceMs).finally(() => finding = undefined);
      take(await finding);
    } catch (error) {
      control.send({ type: "unreached", tried: messageOf(error) });
    }
  }

  async function reachFirst(places: MessageOf<"reach">["places"], patienceMs: number): Promise<AuthenticatedStream> {
    const allowed = places.filter(({ hostname }) => only === undefined || hostname === only);
    const failures: string[] = [];
    const stream = await dialer.first(allowed, patienceMs, failures);
    if (stream) return stream;
    if (places.length > 0 && allowed.length === 0) failures.push("that host connects only to where ssh came from");
    throw new Error(failures.join("; ") || "no address was told");
  }
}
