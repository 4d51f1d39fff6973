/** Output of `--dry-run` on stdout: one line per entry with the planned action. */

import { escapePath } from "../errors.ts";
import type { TransferEvent } from "../transfer/events.ts";

/** Number of buffered characters from which on lines are written. */
const FLUSH_AT = 64 << 10;

/** Lists planned actions. The "finished" event flushes them before the summary; otherwise call `flush`. */
export class PlanListing {
  readonly #write: (text: string) => void;
  #text = "";

  /** @param write Receives whole lines, several at once. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Event listener for a transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    if (event.type === "finished") this.flush();
    if (event.type !== "planned") return;
    this.#text += `${event.action.padEnd(7)}  ${escapePath(event.path)}\n`;
    if (this.#text.length >= FLUSH_AT) this.flush();
  };

  /** Writes buffered lines. */
  flush(): void {
    if (this.#text !== "") this.#write(this.#text);
    this.#text = "";
  }
}
