/** Remote end: opens streams to the client if the client requests it (`--reverse`). */

import { messageOf, ProtocolError } from "../../errors.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import type { ControlChannel } from "../model/control_channel.ts";
import type { StreamDialer } from "./dial_streams.ts";
import type { AuthenticatedStream } from "../model/session.ts";

/** Limits of the remote end. */
export interface ReverseDialLimits {
  /** The only allowed address; undefined: any address of the client is allowed. */
  only?: string;
  /** Maximum number of streams in total. */
  maxStreams: number;
}

/**
 * Opens one stream for each message "reach".
 *
 * @param taker resolves to the function that takes the streams. Requests wait for it.
 */
export function dialReverse(
  control: ControlChannel,
  dialer: StreamDialer,
  taker: Promise<(stream: AuthenticatedStream) => void>,
  { only, maxStreams }: ReverseDialLimits,
): void {
  let requested = 0;
  let first: Promise<AuthenticatedStream> | undefined;
  control.onMessage(["reach"], (message) => {
    if (++requested > maxStreams) throw new ProtocolError("bad-message", "Too many streams are requested");
    void answer(message);
  });

  async function answer({ places, patienceMs }: MessageOf<"reach">): Promise<void> {
    try {
      const take = await taker;
      // The client may request more streams before the handshake of the first has ended on this end.
      while (!dialer.chosen && first) await first.catch(() => {});
      if (dialer.chosen) return take(await dialer.again());
      first = reachFirst(places, patienceMs).finally(() => first = undefined);
      take(await first);
    } catch (error) {
      control.send({ type: "unreached", tried: messageOf(error) });
    }
  }

  async function reachFirst(places: MessageOf<"reach">["places"], patienceMs: number): Promise<AuthenticatedStream> {
    const allowed = places.filter(({ hostname }) => only === undefined || hostname === only);
    const failures: string[] = [];
    const stream = await dialer.first(allowed, { connectMs: patienceMs, answerMs: patienceMs }, failures);
    if (stream) return stream;
    if (places.length > 0 && allowed.length === 0) {
      failures.push("that host connects only to the address of its client");
    }
    throw new Error(failures.join("; ") || "no address was named");
  }
}
