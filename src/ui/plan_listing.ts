/** `--dry-run`: one line on stdout for each entry, with what would be done with it. */

import { escapePath } from "../errors.ts";
import type { TransferEvent } from "../transfer/events.ts";

/** Lines are written when there are so many characters of them. */
const WRITTEN_AT = 64 << 10;

/** Lists what would be done, before it is summed up; `flush` where it did not come to that. */
export class PlanListing {
  readonly #write: (text: string) => void;
  #text = "";

  /** @param write gets whole lines, several at a time. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** The listener to give to a transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    if (event.type === "finished") this.flush();
    if (event.type !== "planned") return;
    this.#text += `${event.action.padEnd(7)}  ${escapePath(event.path)}\n`;
    if (this.#text.length >= WRITTEN_AT) this.flush();
  };

  /** Writes what is left. */
  flush(): void {
    if (this.#text !== "") this.#write(this.#text);
    this.#text = "";
  }
}
