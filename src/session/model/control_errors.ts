/** Errors of control channels. Separate from the channel, because a client needs them before it has one. */

import type { MessageOf } from "../../protocol/control/messages.ts";

/** The peer has closed its end of the control channel. */
export class ControlLost extends Error {
  override name = "ControlLost";
  /** The channel that was closed. */
  readonly channel: object;

  constructor(message: string, channel: object) {
    super(message);
    this.channel = channel;
  }
}

/** The peer has sent nothing for too long. It may hang, or the network is down. */
export class ControlSilent extends ControlLost {
  override name = "ControlSilent";
  /** The time limit, in milliseconds. */
  readonly patienceMs: number;

  constructor(patienceMs: number, channel: object) {
    super(`The peer sent nothing for ${patienceMs / 1000} s`, channel);
    this.patienceMs = patienceMs;
  }
}

/** The peer has ended the session for a reason. */
export class PeerAbort extends Error {
  override name = "PeerAbort";
  readonly code: string;
  readonly hint?: string;
  /** The channel on which the message arrived. */
  readonly channel: object;

  constructor({ code, message, hint }: MessageOf<"abort">, channel: object) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.channel = channel;
  }
}
