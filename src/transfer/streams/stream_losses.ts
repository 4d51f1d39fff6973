/** Broken connections of a transfer: which may be replaced, and messages about them. */

import { delay } from "../../async/delay.ts";
import { CorruptionError, messageOf, ProtocolError } from "../../errors.ts";
import { StreamBug } from "../../streams/run/break.ts";
import { TransferLost } from "../transfer_errors.ts";

/** Maximum number of replaced connections per transfer. A bad network breaks many. */
const MAX_REPLACED = 500;
/** Maximum number of corrupt connections among them. Noise changes one now and then; an attacker may change all. */
const MAX_CORRUPT = 8;
/** Maximum time between the end of all connections and the peer's reason. In milliseconds. */
const REASON_MS = 1_000;

/** Counts broken connections. */
export class StreamLosses {
  /** Number of broken connections. */
  broken = 0;
  /** Number of connections with data that the peer had not sent. */
  corrupt = 0;
  #last = "";

  /**
   * Counts a broken connection.
   *
   * @param options.finished whether all work was done. A peer that has finished closes a connection that opens later.
   * @throws {unknown} The error itself, if it is a protocol error or a bug.
   */
  add(error: unknown, { finished = false } = {}): void {
    if (error instanceof StreamBug) throw error;
    if (error instanceof CorruptionError) {
      if (++this.corrupt > MAX_CORRUPT) throw error;
    } else if (error instanceof ProtocolError) throw error;
    else if (finished) return;
    this.broken++;
    this.#last = messageOf(error);
  }

  /** Whether a broken connection may be replaced. */
  get mayReplace(): boolean {
    return this.broken <= MAX_REPLACED;
  }

  /** Returns a note for the user; undefined if none broke. @param peerCorrupt number of corrupt connections at the peer. */
  note(peerCorrupt: number): string | undefined {
    if (this.broken === 0) return undefined;
    const connections = this.broken === 1 ? "1 data connection broke" : `${this.broken} data connections broke`;
    return `${connections}${this.#changes(peerCorrupt)}; the data in flight was sent again`;
  }

  /**
   * Returns the error for a transfer without streams. Waits for REASON_MS first, because a peer that fails may close its
   * connections before it sends the reason over the control channel.
   *
   * @param peerCorrupt as for `note`.
   */
  async allBroken(peerCorrupt = 0): Promise<TransferLost> {
    await delay(REASON_MS);
    const last = this.#last === "" ? "" : ` (the last one: ${this.#last})`;
    return new TransferLost(`all data connections broke${this.#changes(peerCorrupt)}${last}`);
  }

  #changes(peerCorrupt: number): string {
    const corrupt = this.corrupt + peerCorrupt;
    if (corrupt === 0) return "";
    return `, because data was changed in transit${this.broken === 1 ? "" : ` in ${corrupt} of them`}`;
  }
}
