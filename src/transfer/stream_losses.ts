/** Connections that were lost in a transfer: which of them another may replace, and what the user is told of them. */

import { CorruptionError, ProtocolError } from "../errors.ts";
import { StreamBug } from "../streams/run/break.ts";
import { TransferLost } from "./transfer_errors.ts";

/** Connections that are replaced in one transfer: a bad line breaks many. */
const MAX_REPLACED = 500;
/** Corrupt ones among them: noise changes one now and then, while somebody in between may change all. */
const MAX_CORRUPT = 8;

/** Counts them. */
export class StreamLosses {
  /** All that were lost. */
  broken = 0;
  /** Those that brought what their peer had not sealed. */
  corrupt = 0;
  #last = "";

  /** Counts one. @throws {unknown} the error itself, where no other connection can help: what the peer did wrong, bugs. */
  add(error: unknown): void {
    if (error instanceof StreamBug) throw error;
    if (error instanceof CorruptionError) {
      if (++this.corrupt > MAX_CORRUPT) throw error;
    } else if (error instanceof ProtocolError) throw error;
    this.broken++;
    this.#last = error instanceof Error ? error.message : String(error);
  }

  /** Whether one more may be opened in the place of a lost one. */
  get mayReplace(): boolean {
    return this.broken <= MAX_REPLACED;
  }

  /** One line for the user; undefined when none was lost. @param corruptThere what the other end says of its own. */
  note(corruptThere: number): string | undefined {
    if (this.broken === 0) return undefined;
    const connections = this.broken === 1 ? "1 data connection broke" : `${this.broken} data connections broke`;
    return `${connections}${this.#changes(corruptThere)}; what they carried was sent again`;
  }

  /** No stream is left. @param corruptThere as for `note`. */
  allBroken(corruptThere = 0): TransferLost {
    const last = this.#last === "" ? "" : ` (the last one: ${this.#last})`;
    return new TransferLost(`all data connections broke${this.#changes(corruptThere)}${last}`);
  }

  #changes(corruptThere: number): string {
    const corrupt = this.corrupt + corruptThere;
    if (corrupt === 0) return "";
    return `, as data was changed on its way${this.broken === 1 ? "" : ` in ${corrupt} of them`}`;
  }
}
